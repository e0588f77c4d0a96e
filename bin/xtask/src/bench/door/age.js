// How old is what this page shows? DOOR, TOKEN, SECONDS and PICTURE are put in front. The result is
// the page's title, since every browser's driver can read that.
(async () => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  // The shade of the lowest part tells the picture's place in its second: this in milliseconds.
  const place = async image => {
    const top = (image.naturalHeight || image.height) * 7 / 8;
    // Firefox draws an <img> of a stream as it drew it before, but copies it as it is.
    const copy = image.tagName === "IMG" ? await createImageBitmap(image, 0, top, 8, 8) : null;
    pen.drawImage(copy || image, 0, copy ? 0 : top, 8, 8, 0, 0, 1, 1);
    if (copy) copy.close();
    const shade = pen.getImageData(0, 0, 1, 1).data[1];
    return Math.round(shade * 30 / 256) % 30 * 1000 / 30;
  };
  const wrap = ms => (ms % 1000 + 1000) % 1000;
  const wait = ms => new Promise(done => setTimeout(done, ms));
  const quantile = (sorted, q) => sorted[Math.min(Math.floor(sorted.length * q), sorted.length - 1)];
  const sort = list => list.sort((a, b) => a - b);

  // When the camera gives the first picture of its second.
  const starts = [];
  let after = 0;
  while (starts.length < 30) {
    const path = `${DOOR}/next?after=${after}&token=${TOKEN}`;
    const answer = await fetch(path, { credentials: "omit", cache: "no-store" });
    if (answer.status !== 200) continue;
    after = answer.headers.get("X-Sequence");
    const captured = Number(answer.headers.get("X-Timestamp")) * 1000;
    const bitmap = await createImageBitmap(await answer.blob());
    starts.push(wrap(captured - await place(bitmap)));
    bitmap.close();
  }
  const offsets = sort(starts.map(start => wrap(start - starts[0] + 500) - 500));
  const start = starts[0] + quantile(offsets, 0.5);
  const spread = quantile(offsets, 0.9) - quantile(offsets, 0.1);

  await wait(3000);
  const ages = [];
  let shown = -1, pictures = 0;
  const end = performance.now() + SECONDS * 1000;
  const look = async () => {
    const now = performance.timeOrigin + performance.now();
    const at = await place(PICTURE);
    // A picture may seem to be a little younger than 0.
    ages.push(wrap(now - start - at + 50) - 50);
    if (at !== shown) pictures += 1;
    shown = at;
    if (performance.now() < end) return requestAnimationFrame(look);
    sort(ages);
    const [p50, p99] = [0.5, 0.99].map(q => quantile(ages, q).toFixed(1));
    document.title = `age p50=${p50} p99=${p99} pictures=${pictures} looks=${ages.length} `
      + `spread=${spread.toFixed(1)}`;
  };
  requestAnimationFrame(look);
})().catch(error => { document.title = `age failed: ${error}`; });
