// The prices of a piece's listings over time, a chart per currency; the table below has the same in words.

const HEIGHT_PX = 220;
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const ground = document.querySelector("#chart");

const seconds = (text) => Date.parse(text) / 1_000;

function charts(listings, until) {
  const byCurrency = new Map();
  for (const listing of listings) {
    for (const currency of new Set(listing.spans.map((span) => span.currency))) {
      const spans = listing.spans.filter((span) => span.currency === currency && span.price_minor !== null);
      if (!currency || !spans.length) continue;
      byCurrency.set(currency, [...(byCurrency.get(currency) ?? []), { ...listing, spans }]);
    }
  }
  return [...byCurrency].map(([currency, own]) => {
    const ends = own.flatMap((one) => one.spans.flatMap((span) => [span.valid_from, span.valid_to]));
    const times = [...new Set([...ends.filter(Boolean).map(seconds), until])].sort((a, b) => a - b);
    const price = ({ spans }, at) => {
      const held = spans.find(
        (span) => seconds(span.valid_from) <= at && (!span.valid_to || at < seconds(span.valid_to)),
      );
      return held ? held.price_minor : null;
    };
    return { currency, own, data: [times, ...own.map((one) => times.map((at) => price(one, at)))] };
  });
}

function draw(found) {
  ground.replaceChildren();
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  for (const { currency, own, data } of found) {
    const money = new Intl.NumberFormat("en", { style: "currency", currency });
    const minor = 10 ** money.resolvedOptions().maximumFractionDigits;
    const cell = ground.appendChild(document.createElement("div"));
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--faint"), width: 1 }, ticks: { show: false } };
    const plot = new uPlot({
      width: cell.clientWidth,
      height: HEIGHT_PX,
      cursor: { y: false },
      scales: { y: { range: (_, low, high) => [Math.max(0, low - (high - low || high) * 0.15), high + (high - low || high) * 0.15] } },
      axes: [{ ...axis, space: 64, values: (_, ticks) => ticks.map((at) => DAY.format(at * 1_000)) }, { ...axis, size: 84, values: (_, ticks) => ticks.map((one) => money.format(one / minor)) }],
      series: [
        { value: (_, at) => (at ? DAY.format(at * 1_000) : "–"), label: "Day" },
        ...own.map((one, place) => ({
          label: own.filter((other) => other.source === one.source).length > 1 ? one.listing_id : one.source,
          stroke: colour(`--line-${(place % 5) + 1}`),
          dash: place > 4 ? [6, 4] : undefined,
          width: 2,
          paths: uPlot.paths.stepped({ align: 1 }),
          value: (_, at) => (at === null ? "–" : money.format(at / minor)),
        })),
      ],
    }, data, cell);
    new ResizeObserver(() => plot.setSize({ width: cell.clientWidth, height: HEIGHT_PX })).observe(cell);
  }
}

if (ground && window.uPlot) {
  try {
    const listings = JSON.parse(document.querySelector("#history").textContent);
    const delivered = document.querySelector("#live time")?.dateTime;
    const known = listings.flatMap((one) => one.spans.map((span) => seconds(span.valid_to ?? span.valid_from)));
    const found = charts(listings, Math.max(...known, delivered ? Date.parse(delivered) / 1_000 : 0));
    if (found.length) {
      ground.hidden = false;
      draw(found);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(found));
    }
  } catch {
    document.querySelector("#spans").open = true; // the table says it all
  }
}
