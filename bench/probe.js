// Runs in the page: says when its chart shows new numbers. All times are the page's own, in ms.
(() => {
  const KEYS = ["heads_chart", "layers_chart", "head_chart", "start_chart"];
  const CHART = `:is(${KEYS.map((key) => `.st-key-${key}`)}) .js-plotly-plot`;
  const TIMEOUT = 30000;
  const probe = { state: "idle", error: null, inputAt: 0, keyAt: 0, paintedAt: 0, firstPaintAt: 0 };
  window.headlightProbe = probe;
  const hashes = new WeakMap();
  const bits = new DataView(new ArrayBuffer(8));
  let before = null;
  let key = null;
  let subject = "chart";

  // A number that stands for every value of one trace's z.
  function hashOf(z) {
    if (hashes.has(z)) return hashes.get(z);
    let hash = 7;
    for (const row of z) {
      for (const value of row) {
        bits.setFloat64(0, value);
        hash = (Math.imul(hash, 31) + bits.getInt32(0)) | 0;
        hash = (Math.imul(hash, 31) + bits.getInt32(4)) | 0;
      }
    }
    hashes.set(z, hash);
    return hash;
  }

  // How the strip of words is shaded: numbers and picture at once.
  function shades() {
    const hosts = [...document.querySelectorAll(".st-key-strip *")];
    const root = hosts.map((host) => host.shadowRoot).find(Boolean);
    const words = [...(root?.querySelectorAll(".token") || [])];
    const shown = words.map((word) => word.style.getPropertyValue("--share")).join(" ").trim();
    return shown ? [shown] : [];
  }

  // The numbers that the chart holds and the pictures that it has drawn; or the strip's.
  function read() {
    if (subject === "strip") return { data: shades(), images: shades() };
    const plots = [...document.querySelectorAll(CHART)];
    const traces = plots
      .flatMap((plot) => plot._fullData || [])
      .filter((trace) => trace.type === "heatmap" && trace.visible === true && trace.z);
    const images = plots
      .flatMap((plot) => [...plot.querySelectorAll(".heatmaplayer image")])
      .map((image) => image.getAttribute("href") || image.getAttribute("xlink:href"))
      .filter(Boolean);
    return { data: traces.map((trace) => hashOf(trace.z)), images };
  }

  const complete = (now) => now.data.length > 0 && now.images.length >= now.data.length;

  // Every trace that changed has a picture that wasn't there before, and none is missing.
  function repainted() {
    const now = read();
    const changed = now.data.filter((hash, index) => hash !== before.data[index]).length;
    const fresh = now.images.filter((href) => !before.images.includes(href)).length;
    return changed > 0 && complete(now) && fresh >= changed;
  }

  function watch(done, found) {
    const end = performance.now() + TIMEOUT;
    function frame() {
      if (done()) {
        requestAnimationFrame(() => found(performance.now()));
      } else if (performance.now() < end) {
        requestAnimationFrame(frame);
      } else {
        probe.error = "nothing was painted in time";
      }
    }
    requestAnimationFrame(frame);
  }

  // Wait for a key ("Enter", or any if null): its keydown starts the clock. What is to be painted
  // is the "chart" or the "strip".
  probe.arm = (name, painted = "chart") => {
    subject = painted;
    Object.assign(probe, { state: "armed", error: null, inputAt: 0, keyAt: 0, paintedAt: 0 });
    before = read();
    key = name;
    if (!complete(before)) probe.error = `the ${subject} is not complete before the change`;
    if (document.visibilityState !== "visible") probe.error = "the page is not visible";
  };

  window.addEventListener("input", () => {
    if (probe.state === "armed") probe.inputAt = performance.now();
  }, true);

  window.addEventListener("keydown", (event) => {
    if (probe.state !== "armed" || (key !== null && event.key !== key)) return;
    probe.state = "waiting";
    probe.keyAt = performance.now();
    if (read().data.some((hash, index) => hash !== before.data[index])) {
      probe.error = `the ${subject} changed before the key`;
    }
    watch(repainted, (at) => Object.assign(probe, { state: "painted", paintedAt: at }));
  }, true);

  watch(() => complete(read()), (at) => { probe.firstPaintAt = performance.timeOrigin + at; });
})();
