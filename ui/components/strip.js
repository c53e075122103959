// The sentence as tokens. Hover or focus one: the others show how much it attends to them.
// No server is asked; the weights came along as 16-bit fractions, row by row.
// The function is called again whenever the data changes; it touches only what differs, so that
// typing neither flickers nor costs more than the typed word.
export default function (component) {
  const view = (component.parentElement.headlightStrip ??= build(component.parentElement))
  view.send = component.setTriggerValue
  view.update(JSON.parse(new TextDecoder().decode(component.data)))
}

function build(parent) {
  const root = parent.appendChild(document.createElement("div"))
  const strip = root.appendChild(document.createElement("div"))
  strip.className = "strip"
  strip.dir = "auto"
  const caption = root.appendChild(document.createElement("div"))
  caption.className = "caption"
  caption.setAttribute("aria-live", "polite")
  const said = caption.appendChild(document.createElement("span"))
  const putBack = caption.appendChild(document.createElement("button"))
  putBack.type = "button"
  putBack.addEventListener("click", () => view.send("put_back", true))

  const view = { send: null, update, boxes: [] }
  let data = null
  let weights = null
  let masked = null // a bit a cell; empty where nothing is masked
  let pointed = null
  let shownChoice = null

  const position = (event) => {
    const found = view.boxes.findIndex(({ box }) => box.contains(event.target))
    return found < 0 ? null : found
  }
  strip.addEventListener("mouseover", (event) => point(position(event) ?? pointed))
  strip.addEventListener("focusin", (event) => point(position(event)))
  strip.addEventListener("mouseleave", () => point(null))
  strip.addEventListener("focusout", () => point(null))
  strip.addEventListener("click", (event) => {
    const picked = position(event)
    if (picked !== null) view.send("pick", picked === data.chosen ? -1 : picked)
  })

  function addBox() {
    const box = strip.appendChild(document.createElement("button"))
    box.type = "button"
    const word = box.appendChild(document.createElement("span"))
    const share = box.appendChild(document.createElement("small"))
    view.boxes.push({ box, word, share })
  }

  function update(fresh) {
    data = fresh
    strip.style.setProperty("--query", data.color)
    const bytes = Uint8Array.from(atob(data.weights), (c) => c.charCodeAt(0))
    weights = new Uint16Array(bytes.buffer)
    masked = Uint8Array.from(atob(data.masked), (c) => c.charCodeAt(0))
    while (view.boxes.length < data.tokens.length) addBox()
    while (view.boxes.length > data.tokens.length) view.boxes.pop().box.remove()
    data.tokens.forEach((token, i) => {
      const { box, word } = view.boxes[i]
      if (word.textContent !== token) word.textContent = token
      box.title = `${token} (${data.places[i]})`
      box.className = i < data.real ? "token" : "token padding"
      box.classList.toggle("second", i === data.second)
      box.ariaPressed = String(i === data.chosen)
    })
    if (data.chosen !== null && data.chosen !== shownChoice) {
      // Not scrollIntoView, which would move the page as well.
      strip.scrollTop = view.boxes[data.chosen].box.offsetTop - strip.offsetTop
    }
    shownChoice = data.chosen
    if (pointed !== null && pointed >= data.tokens.length) pointed = null
    show()
  }

  // A small weight isn't zero, and what is masked isn't there.
  function percent(weight) {
    const share = (100 * weight) / 65535
    return weight && share < 0.05 ? "<0.1%" : `${share.toFixed(1)}%`
  }

  // How dark a word is, from 0 to 1: as far as its weight is along the charts' colours.
  function shade(weight, largest) {
    const share = Math.min(1, weight / (data.end === null ? largest : 65535 * data.end))
    if (data.curve === "log") return Math.max(0, 1 + Math.log10(share) / data.decades)
    return data.curve === "sqrt" ? Math.sqrt(share) : share
  }

  function point(query) {
    pointed = query
    show()
  }

  function show() {
    const query = pointed ?? data.chosen
    const length = data.tokens.length
    const row = query === null ? [] : weights.subarray(query * length, (query + 1) * length)
    const largest = Math.max(1, ...row)
    view.boxes.forEach(({ box, share }, key) => {
      const weight = row[key] ?? 0
      const cell = query * length + key
      const hidden = query !== null && ((masked[cell >> 3] >> (cell & 7)) & 1) === 1
      const text = query === null ? "" : hidden ? "–" : percent(weight)
      box.classList.toggle("masked", hidden)
      if (share.textContent === text && !text) return
      share.textContent = text
      box.style.setProperty("--share", shade(weight, largest))
      box.classList.toggle("from", key === query)
    })
    const tellsChange = pointed === null && data.change !== ""
    putBack.hidden = !tellsChange
    putBack.textContent = data.put_back
    const looks =
      query === null ? data.hint : data.sentence.replace("{token}", () => data.tokens[query])
    said.textContent = tellsChange
      ? data.change
      : data.advice ? `${looks} ${data.advice}` : looks
  }

  return view
}
