// Runs before the first paint, so that the chosen theme never flashes its opposite.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("contender.theme");
  } catch (error) {
    // Storage is forbidden: the system's own theme stands.
  }
  var dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = chosen === "light" || chosen === "dark" ? chosen : dark ? "dark" : "light";
})();
