// A sentence as large words, with arcs from one of them to the words that it looks at, as thick as
// its weights. Pointing at another word, or focusing it, shows that one's, without the server; a
// click chooses it. The weights came along as 16-bit fractions, row by row.
const SVG = "http://www.w3.org/2000/svg"
const LEAST = 0.01 // a weight below isn't drawn: its arc would be a hair
const THICKEST = 16 // pixels, of a weight of 1
const TALLEST = 112 // how far the handles of an arc are above its words

export default function (component) {
  const view = (component.parentElement.headlightArcs ??= build(component.parentElement))
  view.send = component.setTriggerValue
  view.update(JSON.parse(new TextDecoder().decode(component.data)))
}

function build(parent) {
  const root = parent.appendChild(document.createElement("div"))
  root.className = "arcs"
  const picture = root.appendChild(document.createElementNS(SVG, "svg"))
  picture.setAttribute("aria-hidden", "true")
  const row = root.appendChild(document.createElement("div"))
  row.className = "words"
  row.dir = "auto"
  const said = parent.appendChild(document.createElement("p"))
  said.className = "said"
  said.setAttribute("aria-live", "polite")
  const rest = parent.appendChild(document.createElement("p"))
  rest.className = "rest"

  const view = { send: null, update }
  const boxes = []
  const paths = []
  let data = null
  let weights = null
  let pointed = null

  const position = (event) => {
    const found = boxes.findIndex(({ box }) => box.contains(event.target))
    return found < 0 ? null : found
  }
  row.addEventListener("mouseover", (event) => point(position(event) ?? pointed))
  row.addEventListener("focusin", (event) => point(position(event)))
  row.addEventListener("mouseleave", () => point(null))
  row.addEventListener("focusout", () => point(null))
  row.addEventListener("click", (event) => {
    const picked = position(event)
    if (picked !== null) view.send("pick", picked)
  })
  new ResizeObserver(draw).observe(root)

  function addBox() {
    const box = row.appendChild(document.createElement("button"))
    box.type = "button"
    const word = box.appendChild(document.createElement("span"))
    const share = box.appendChild(document.createElement("small"))
    boxes.push({ box, word, share })
    paths.push(picture.appendChild(document.createElementNS(SVG, "path")))
  }

  function update(fresh) {
    data = fresh
    weights = new Uint16Array(Uint8Array.from(atob(data.weights), (c) => c.charCodeAt(0)).buffer)
    while (boxes.length < data.words.length) addBox()
    while (boxes.length > data.words.length) {
      boxes.pop().box.remove()
      paths.pop().remove()
    }
    data.words.forEach((text, i) => {
      const { box, word } = boxes[i]
      if (word.textContent !== text) word.textContent = text
      box.ariaPressed = String(i === data.chosen)
    })
    if (pointed !== null && pointed >= data.words.length) pointed = null
    for (const [name, color] of Object.entries(data.colors)) {
      root.style.setProperty(`--${name}`, color)
    }
    show()
  }

  function point(word) {
    pointed = word
    show()
  }

  function show() {
    const from = pointed ?? data.chosen
    boxes.forEach(({ box, share }, i) => {
      const weight = weightTo(i)
      box.classList.toggle("from", i === from)
      box.style.setProperty("--share", weight)
      share.textContent = weight < LEAST ? "" : weight.toLocaleString(data.language, { style: "percent" })
    })
    said.textContent = data.said[from] ?? ""
    rest.textContent = data.rest[from] ?? ""
    draw()
  }

  function weightTo(word) {
    const from = pointed ?? data.chosen
    return (weights[from * data.words.length + word] ?? 0) / 65535
  }

  // After the words stand where they will: they wrap, and windows change.
  function draw() {
    if (data === null) return
    const origin = root.getBoundingClientRect()
    const tops = boxes.map(({ box }) => {
      const place = box.getBoundingClientRect()
      return [place.left + place.width / 2 - origin.left, place.top - origin.top]
    })
    const from = pointed ?? data.chosen
    paths.forEach((path, i) => {
      const weight = weightTo(i)
      if (weight < LEAST || from >= tops.length) return path.setAttribute("d", "")
      path.setAttribute("d", arc(tops[from], tops[i]))
      path.setAttribute("stroke-width", Math.max(1.5, THICKEST * weight))
      path.setAttribute("opacity", 0.35 + 0.55 * weight)
    })
  }

  return view
}

// From above one word to above another, higher the farther they are; to itself a small loop.
function arc([x1, y1], [x2, y2]) {
  if (x1 === x2 && y1 === y2) return `M${x1 - 7} ${y1} C${x1 - 22} ${y1 - 38} ${x1 + 22} ${y1 - 38} ${x1 + 7} ${y1}`
  const rise = Math.min(TALLEST, 26 + 0.3 * Math.hypot(x2 - x1, y2 - y1))
  return `M${x1} ${y1} C${x1} ${y1 - rise} ${x2} ${y2 - rise} ${x2} ${y2}`
}
