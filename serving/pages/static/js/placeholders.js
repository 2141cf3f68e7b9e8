// What stands in for a picture until it is there: some 25 bytes that say roughly what it shows.

import { thumbHashToDataURL } from "../vendor/thumbhash.js";
import { onShown } from "./asking.js";

onShown(() => {
  for (const img of document.querySelectorAll("img[data-thumbhash]")) {
    const hash = Uint8Array.from(atob(img.dataset.thumbhash), (one) => one.charCodeAt(0));
    img.removeAttribute("data-thumbhash");
    if (img.complete && img.naturalWidth) continue;
    img.style.backgroundImage = `url(${thumbHashToDataURL(hash)})`;
    img.classList.add("coming");
    img.addEventListener("load", () => {
      img.style.backgroundImage = "";
      img.classList.remove("coming");
    }, { once: true });
  }
});
