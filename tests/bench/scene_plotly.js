// The same cube as Plotly draws it: three faces as mesh3d, a colour for each cell, in the browser's WebGL.

/** One face of rows × columns cells: corners, triangles, and a colour value for each triangle. @param {(u: number, v: number) => number[]} place */
function face(rows, columns, place) {
  const [x, y, z, i, j, k, intensity] = [[], [], [], [], [], [], []];
  for (let v = 0; v <= rows; v++) {
    for (let u = 0; u <= columns; u++) {
      const point = place(u, v);
      x.push(point[0]);
      y.push(point[1]);
      z.push(point[2]);
    }
  }
  for (let v = 0; v < rows; v++) {
    for (let u = 0; u < columns; u++) {
      const at = v * (columns + 1) + u;
      i.push(at, at + 1);
      j.push(at + 1, at + columns + 2);
      k.push(at + columns + 1, at + columns + 1);
      const value = Math.sin((v * columns + u) * 0.37);
      intensity.push(value, value);
    }
  }
  return { type: "mesh3d", x, y, z, i, j, k, intensity, intensitymode: "cell", colorscale: "RdBu", flatshading: true, showscale: false, hoverinfo: "none" };
}

/** px along H, T, N, as the scene's own cube has them about. */
const ROOM = [176, 120, 60];

/** Milliseconds of Plotly's first drawing, of a frame while it turns, and of another slice. @returns {Promise<{first: number, turning: number, slice: number}>} */
export async function plotlyTimes(N, T, H) {
  const [X, Y, Z] = ROOM;
  const at = (h, t, n) => [(h / H) * X, -(t / T) * Y, (n / N) * Z];
  const front = face(T, H, (u, v) => at(u, v, 0));
  const top = face(N, H, (u, v) => at(u, 0, v));
  const side = face(T, N, (u, v) => at(H, v, u));
  const host = document.querySelector("#plotly");
  const eye = (k) => ({ x: 1.4 * Math.sin(0.5 + k), y: 1, z: -1.6 * Math.cos(0.5 + k) });
  const layout = { width: 420, height: 320, margin: { l: 0, r: 0, t: 0, b: 0 }, scene: { aspectmode: "data", camera: { eye: eye(0), up: { x: 0, y: 1, z: 0 } } } };
  const timed = async (run) => {
    const start = performance.now();
    await run();
    // it draws in a frame of its own; reading a pixel back waits for it
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const gl = host.querySelector("canvas")?.getContext("webgl") ?? host.querySelector("canvas")?.getContext("webgl2");
    gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    return performance.now() - start;
  };
  const { Plotly } = window;
  const first = await timed(() => Plotly.newPlot(host, [front, top, side], layout, { staticPlot: false, displayModeBar: false }));
  const turning = [];
  for (let k = 1; k <= 3; k++) turning.push(await timed(() => Plotly.relayout(host, { "scene.camera.eye": eye(0.05 * k) })));
  const slice = [];
  for (let k = 1; k <= 2; k++) slice.push(await timed(() => Plotly.restyle(host, { intensity: [front.intensity.map((value) => value * (1 - 0.1 * k))] }, [0])));
  const middle = (all) => [...all].sort((a, b) => a - b)[all.length >> 1];
  return { first, turning: middle(turning), slice: middle(slice) };
}
