// Draws measured points as an SVG: the time of a call by the number of records in it.

type Point = { readonly records: number; readonly parse: number; readonly card: number };

const [WIDTH, HEIGHT, MARGIN] = [640, 320, 56];

export function plotByRecords(points: readonly Point[]): string {
  const most = Math.max(...points.flatMap(({ parse, card }) => [parse, card]));
  const furthest = Math.max(...points.map(({ records }) => records));
  const x = (records: number) => MARGIN + (records / furthest) * (WIDTH - 2 * MARGIN);
  const y = (milliseconds: number) => HEIGHT - MARGIN - (milliseconds / most) * (HEIGHT - 2 * MARGIN);
  const line = (name: string, color: string, of: (point: Point) => number) => {
    const drawn = points.map((point) => `${x(point.records).toFixed(1)},${y(of(point)).toFixed(1)}`);
    const dots = drawn.map((at) => `<circle cx="${at.split(",")[0]}" cy="${at.split(",")[1]}" r="3" fill="${color}"/>`);
    const last = points.at(-1);
    const label = last
      ? `<text x="${x(last.records) - 6}" y="${y(of(last)) - 8}" text-anchor="end" fill="${color}">${name}, ${of(last).toFixed(1)} ms</text>`
      : "";
    return `<polyline points="${drawn.join(" ")}" fill="none" stroke="${color}" stroke-width="2"/>${dots.join("")}${label}`;
  };
  const axes = `<path d="M${MARGIN} ${MARGIN}V${HEIGHT - MARGIN}H${WIDTH - MARGIN}" fill="none" stroke="#888"/>`;
  const ticks = points.map(
    ({ records }) =>
      `<text x="${x(records)}" y="${HEIGHT - MARGIN + 18}" text-anchor="middle">${records >= 1000 ? `${records / 1000}k` : ""}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img" aria-label="Time by records in a call">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>${axes}${ticks.join("")}
<text x="${WIDTH / 2}" y="${HEIGHT - 12}" text-anchor="middle">records in the call</text>
${line("JSON.parse of the body", "#777", ({ parse }) => parse)}
${line("parsed body to card", "#0b62a4", ({ card }) => card)}
</svg>
`;
}
