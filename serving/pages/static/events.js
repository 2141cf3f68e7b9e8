// Tells the server which hit of a search was opened, at which position: no cookie, no name, nothing kept here.

const untracked = navigator.globalPrivacyControl === true || navigator.doNotTrack === "1";

// Not crypto.randomUUID: a page that is not served by HTTPS has none.
function drawnId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function clicked(event) {
  const card = event.target.closest(".card[data-search]");
  const link = event.target.closest("a");
  if (!card || !link || !new URL(link.href).pathname.startsWith("/p/")) return;
  const { piece, search, position, collection } = card.dataset;
  const opened = {
    id: drawnId(),
    piece_id: piece,
    search_id: search,
    position: Number(position),
    ...(collection ? { collection } : {}),
  };
  const body = new Blob([JSON.stringify(opened)], { type: "application/json" });
  navigator.sendBeacon("/opened", body); // outlives the page that the link leaves
}

if (!untracked) {
  document.addEventListener("click", clicked);
  document.addEventListener("auxclick", (event) => event.button === 1 && clicked(event));
}
