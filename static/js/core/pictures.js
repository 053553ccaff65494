// Whoever draws offers its picture here; whoever saves or prints it takes it.

/** @returns {import("../scene/types.js").Pictures} */
export function createPictures() {
  /** @type {Parameters<import("../scene/types.js").Pictures["offer"]>[0] | null} */
  let offered = null;
  return {
    offer(take) {
      offered = take;
      return () => {
        if (offered === take) offered = null;
      };
    },
    take: (how) => offered?.(how) ?? null,
  };
}
