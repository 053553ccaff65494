// The page of two runs: everything is there without a script; with one, the theme needs no button.

const view = document.querySelector("#view");
if (view instanceof HTMLFormElement) view.addEventListener("change", () => view.requestSubmit());
