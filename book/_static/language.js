// Leads to the same place in the other edition, and remembers which one the reader chose.
(() => {
  "use strict";

  /** The anchor in sight, else the section that is being read; nothing at the top of the page. */
  function place() {
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (named) {
      const { top, bottom } = named.getBoundingClientRect();
      if (bottom > 0 && top < innerHeight) return location.hash;
    }
    const above = [...document.querySelectorAll("article section[id]")].filter(
      (section) => section.getBoundingClientRect().top < innerHeight / 3,
    );
    const reading = above.at(-1);
    return reading && reading.matches("section section") ? `#${reading.id}` : "";
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.language-switch");
    if (!link) return;
    try {
      localStorage.setItem("mha-book-language", link.dataset.language);
    } catch {
      // a reader who allows no storage is asked again next time
    }
    link.hash = place();
  });
})();
