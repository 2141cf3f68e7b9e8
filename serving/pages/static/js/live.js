// A quiet line about what is searchable now: read again once a minute while the page is looked at.

const EVERY_MS = 60_000;
const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
const line = document.querySelector("#live");
const part = (name) => line.querySelector(`[data-live=${name}]`);
const number = new Intl.NumberFormat("en");

function ago(moment, now = Date.now()) {
  const seconds = (now - moment) / 1_000;
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ["minute", 60];
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-Math.floor(seconds / size), unit);
}

function told() {
  const time = part("delivered");
  if (time) time.textContent = ago(Date.parse(time.dateTime));
}

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(line.dataset.live);
    if (!answer.ok) return;
    const stats = await answer.json();
    if (stats.snapshot_id && part("pieces")) {
      part("pieces").textContent = number.format(stats.pieces);
      part("snapshot").textContent = Number.parseInt(stats.snapshot_id, 10);
      part("waiting").textContent = stats.pictures_waiting
        ? ` · ${number.format(stats.pictures_waiting)} pictures waiting` : "";
      if (stats.delivered_at && part("delivered")) part("delivered").dateTime = stats.delivered_at;
    }
  } catch {
    return; // quiet: the line says what was known last
  }
  told();
}

told();
look();
setInterval(look, EVERY_MS);
