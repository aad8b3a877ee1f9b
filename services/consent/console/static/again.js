// Looks again at what is not effective yet: every second, twenty times at most. Without it there is a button.
(() => {
  "use strict";
  const waiting = document.querySelector("[data-again]");
  if (!waiting) return;
  let left = 20;

  const look = async () => {
    left -= 1;
    try {
      const answer = await fetch(location.pathname, { credentials: "same-origin", redirect: "error" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const told = answer.ok && page.querySelector('[data-status="effective"]');
      if (told) {
        waiting.replaceChildren(...told.cloneNode(true).childNodes);
        waiting.className = told.className;
        return;
      }
    } catch {
      // The button is still there.
    }
    if (left > 0) setTimeout(look, 1000);
  };
  setTimeout(look, 1000);
})();
