// The sentence as tokens. Hover or focus one: the others show how much it attends to them.
// No server is asked; the weights came along as 16-bit fractions, row by row.
export default function (component) {
  const { data, setTriggerValue, parentElement } = component
  const { tokens, real, chosen, hint, sentence } = data
  const bytes = Uint8Array.from(atob(data.weights), (c) => c.charCodeAt(0))
  const weights = new Uint16Array(bytes.buffer)

  const root = document.createElement("div")
  const strip = root.appendChild(document.createElement("div"))
  strip.className = "strip"
  strip.dir = "auto"
  const caption = root.appendChild(document.createElement("div"))
  caption.className = "caption"
  caption.setAttribute("aria-live", "polite")

  const boxes = tokens.map((token, i) => {
    const box = strip.appendChild(document.createElement("button"))
    box.type = "button"
    box.className = i < real ? "token" : "token padding"
    box.append(token)
    const share = box.appendChild(document.createElement("small"))
    box.title = `${token} (${i})`
    box.setAttribute("aria-pressed", String(i === chosen))
    box.addEventListener("mouseenter", () => show(i))
    box.addEventListener("focus", () => show(i))
    box.addEventListener("click", () => setTriggerValue("pick", i === chosen ? -1 : i))
    return { box, share }
  })
  const rest = () => show(chosen)
  strip.addEventListener("mouseleave", rest)
  strip.addEventListener("focusout", rest)

  function show(query) {
    const row = query === null ? [] : weights.subarray(query * tokens.length, (query + 1) * tokens.length)
    const largest = Math.max(1, ...row)
    boxes.forEach(({ box, share }, key) => {
      const weight = row[key] ?? 0
      box.style.setProperty("--share", weight / largest)
      box.classList.toggle("from", key === query)
      share.textContent = query === null ? "" : `${((100 * weight) / 65535).toFixed(1)}%`
    })
    caption.textContent = query === null ? hint : sentence.replace("{token}", tokens[query])
  }

  show(chosen)
  // One root at a time: this function is called again whenever the data changes.
  parentElement.headlightRoot?.remove()
  parentElement.headlightRoot = root
  parentElement.appendChild(root)
}
