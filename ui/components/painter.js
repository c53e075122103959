// A mask to paint on. Rows are queries, columns keys; a filled cell may attend, a striped one is
// masked. Press a cell or drag over several; or use the arrow keys and the space bar; or a button.
// The whole mask is sent at the end of a stroke, as "<length>.<cells>": the cells row by row, a bit
// each, in base64url.
// The function is called again whenever the data changes; it touches only what differs. Answers to
// earlier strokes come while later ones are drawn, so the mask on the screen stays as it is until
// the server has the same.
const WIDTH = 240 // pixels: a sidebar's
const LARGEST_CELL = 26
const LONGEST_LABEL = 96 // of a row
const TALLEST_LABEL = 48 // of a column
const PATIENCE = 5000 // ms until what was sent is given up
const PRESETS = {
  all: () => 1,
  causal: (query, key) => Number(key <= query),
  diagonal: (query, key) => Number(key === query),
  invert: (query, key, allowed) => 1 - allowed,
}
const UP_AND_DOWN = { ArrowUp: -1, ArrowDown: 1 }
const ASIDE = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }
const graphemes = new Intl.Segmenter()
const ink = document.createElement("canvas").getContext("2d") // measures labels

export default function (component) {
  const view = (component.parentElement.headlightPainter ??= build(component.parentElement))
  view.send = component.setTriggerValue
  view.receive(JSON.parse(new TextDecoder().decode(component.data)))
}

function encode(length, mask) {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8))
  mask.forEach((allowed, i) => (bytes[i >> 3] |= allowed << (7 - (i & 7))))
  const cells = btoa(String.fromCharCode(...bytes))
  return `${length}.${cells.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`
}

function decode(text) {
  const [length, cells] = text.split(".")
  const bytes = atob(cells.replaceAll("-", "+").replaceAll("_", "/"))
  const bit = (_, i) => (bytes.charCodeAt(i >> 3) >> (7 - (i & 7))) & 1
  return Uint8Array.from({ length: length ** 2 }, bit)
}

function add(parent, tag, properties) {
  return Object.assign(parent.appendChild(document.createElement(tag)), properties)
}

function change(part, properties) {
  for (const name in properties) {
    if (part[name] !== properties[name]) part[name] = properties[name]
  }
}

function fill(parent, count, addOne) {
  while (parent.children.length < count) addOne()
  while (parent.children.length > count) parent.lastChild.remove()
}

// As much of a token as there is room for, in whole graphemes.
function fit(token, room) {
  const parts = Array.from(graphemes.segment(token), ({ segment }) => segment)
  const end = room < 40 ? "" : "…" // which is itself as wide as a letter
  let text = token
  while (parts.length > 1 && ink.measureText(text).width > room) {
    parts.pop()
    text = parts.join("") + end
  }
  return text
}

function build(parent) {
  const root = add(parent, "div", { className: "painter" })
  const board = add(root, "div", { className: "board" })
  add(board, "div", { className: "hatch" })
  const grid = add(board, "div", { className: "grid", role: "grid", ariaMultiSelectable: "true" })
  add(board, "div", { className: "bar across" })
  add(board, "div", { className: "bar down" })
  const caption = add(root, "div", { className: "caption", ariaLive: "polite", ariaAtomic: "true" })
  const buttons = add(root, "div", { className: "buttons" })

  const view = { send: null, receive }
  let data = null
  let held = null // data that came during a stroke
  let mask = null // a number a cell, 1 = may attend
  let awaited = null // what was sent last, until the server has it
  let patience = 0
  let stroke = null // { pointer, value, place } while one is drawn
  let pointed = null // a place: [row, column]
  let tabStop = [0, 0]

  const cellAt = ([row, column]) => grid.children[row + 1].children[column + 1]
  const indexOf = ([row, column]) => row * data.tokens.length + column
  const isInside = (place) => place.every((i) => i >= 0 && i < data.tokens.length)

  // By coordinates: the events of a captured pointer name the grid alone.
  function placeOf({ clientX, clientY }) {
    const { left, top, width } = cellAt([0, 0]).getBoundingClientRect()
    return [Math.floor((clientY - top) / width), Math.floor((clientX - left) / width)]
  }

  grid.addEventListener("mousedown", (event) => event.preventDefault()) // it would move the focus
  grid.addEventListener("pointerdown", (event) => {
    const place = placeOf(event)
    if (stroke || event.button || !isInside(place)) return
    grid.setPointerCapture(event.pointerId)
    stroke = { pointer: event.pointerId, value: 1 - mask[indexOf(place)], place }
    paint(place, stroke.value)
    focus(place)
  })
  grid.addEventListener("pointermove", (event) => {
    if (stroke && stroke.pointer !== event.pointerId) return
    const place = placeOf(event)
    if (stroke) drawTo(place)
    point(isInside(place) ? place : null)
  })
  grid.addEventListener("lostpointercapture", ({ pointerId }) => {
    if (stroke?.pointer !== pointerId) return
    const fresh = held
    stroke = held = null
    if (!fresh || fresh.tokens.length === data.tokens.length) send() // else its sentence is gone
    if (fresh) receive(fresh)
  })
  grid.addEventListener("pointerleave", () => point(null))
  grid.addEventListener("focusin", () => point(tabStop))
  grid.addEventListener("focusout", () => point(null))
  grid.addEventListener("keydown", (event) => {
    const step = [UP_AND_DOWN, ASIDE].map((keys) => keys[event.key] ?? 0)
    const moves = step.some(Boolean)
    if (!moves && event.key !== " " && event.key !== "Enter") return
    if (stroke || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    const last = data.tokens.length - 1
    if (moves) focus(tabStop.map((i, axis) => Math.max(0, Math.min(last, i + step[axis]))))
    else if (!event.repeat) {
      paint(tabStop, 1 - mask[indexOf(tabStop)])
      point(tabStop)
      send()
    }
  })
  for (const [className, rule] of Object.entries(PRESETS)) {
    add(buttons, "button", { className, type: "button" }).addEventListener("click", () => {
      eachPlace((place, i) => paint(place, rule(...place, mask[i])))
      send()
    })
  }

  // All cells on the way, of which a fast pointer skips some.
  function drawTo(place) {
    const way = place.map((i, axis) => i - stroke.place[axis])
    const steps = Math.max(...way.map(Math.abs))
    for (let step = 1; step <= steps; step++) {
      const passed = way.map((i, axis) => stroke.place[axis] + Math.round((i * step) / steps))
      if (isInside(passed)) paint(passed, stroke.value)
    }
    stroke.place = place
  }

  function send() {
    const text = encode(data.tokens.length, mask)
    awaited = awaited === null && text === data.mask ? null : text // no news gets no answer
    clearTimeout(patience)
    patience = setTimeout(() => {
      awaited = null
      receive(held ?? data)
    }, PATIENCE)
    view.send("paint", text)
  }

  function receive(fresh) {
    if (stroke) return void (held = fresh)
    const isBehind = awaited !== null && awaited !== fresh.mask
    const isResized = fresh.tokens.length !== data?.tokens.length
    data = fresh
    if (!isBehind || isResized) {
      mask = decode(data.mask)
      awaited = null
    }
    change(grid, { ariaLabel: data.words.hint })
    for (const button of buttons.children) {
      change(button, { textContent: data.words[button.className] })
    }
    layOut()
    eachPlace((place, i) => paint(place, mask[i]))
    point(pointed && isInside(pointed) ? pointed : null)
  }

  function eachPlace(visit) {
    const { length } = data.tokens
    for (let i = 0; i < length * length; i++) visit([Math.floor(i / length), i % length], i)
  }

  // The more tokens, the smaller the cells and the shorter the labels.
  function layOut() {
    const { length } = data.tokens
    const room = Math.max(24, 72 - 2 * length)
    const cell = Math.min(LARGEST_CELL, Math.floor((WIDTH - room) / length))
    const left = Math.min(LONGEST_LABEL, WIDTH - cell * length)
    const size = Math.min(12, Math.max(9, cell - 1))
    ink.font = `${size}px ${getComputedStyle(root).fontFamily}`
    const isUpright = data.tokens.map(
      (token) => fit(token, 0) === token && ink.measureText(token).width <= cell + 2,
    )
    const widest = Math.max(...data.tokens.map((token) => ink.measureText(token).width))
    const top = isUpright.every(Boolean) ? size + 6 : Math.min(TALLEST_LABEL, Math.ceil(widest) + 8)
    // Labels are larger where a class reads them; cells by a quarter of that, enough to be hit.
    const { enlarged } = data
    const between = 1 + (enlarged - 1) / 4
    root.style.setProperty("--enlarged", 1 + 0.8 * (enlarged - 1)) // for the buttons' labels
    const sizes = {
      size: size * enlarged,
      cell: Math.max(cell * between, (size + 2) * enlarged),
      left: left * enlarged,
      top: top * enlarged,
    }
    for (const [name, pixels] of Object.entries(sizes)) {
      board.style.setProperty(`--${name}`, `${pixels}px`)
    }
    board.style.setProperty("--length", length)

    fill(grid, length + 1, () => add(grid, "div", { className: "row", role: "row" }))
    for (const row of grid.children) {
      fill(row, length + 1, () => {
        const isCell = row.children.length && row !== grid.firstChild
        if (isCell) add(row, "div", { className: "cell", role: "gridcell", tabIndex: -1 })
        else add(row, "div", { className: "label", ariaHidden: "true" }) // cells name their tokens
      })
    }
    data.tokens.forEach((token, i) => {
      const title = `${token} (${i})`
      const [label, head] = [grid.children[i + 1].firstChild, grid.firstChild.children[i + 1]]
      change(label, { title, textContent: fit(token, left - 6) })
      change(head, { title, textContent: fit(token, TALLEST_LABEL - 5) })
      head.classList.toggle("upright", isUpright[i])
    })
    setTabStop(tabStop.map((i) => Math.min(i, length - 1)))
  }

  function paint(place, allowed) {
    mask[indexOf(place)] = allowed
    const ariaLabel = sentence(place, (i) => `${data.tokens[i]} (${i})`).join("")
    change(cellAt(place), { ariaLabel, ariaSelected: String(allowed === 1) })
  }

  // In pieces, with the tokens as `named` makes them: one called "{key}" is not filled in again.
  function sentence(place, named) {
    const pieces = data.words[mask[indexOf(place)] ? "may" : "may_not"].split(/\{(query|key)\}/)
    return pieces.flatMap((text, i) => (i % 2 ? named(place[text === "query" ? 0 : 1]) : text))
  }

  function setTabStop(place) {
    const old = grid.querySelector('[tabindex="0"]')
    if (old) old.tabIndex = -1
    tabStop = place
    cellAt(place).tabIndex = 0
  }

  function focus(place) {
    setTabStop(place)
    cellAt(place).focus({ preventScroll: stroke !== null })
    point(place)
  }

  function point(place) {
    pointed = place
    board.classList.toggle("pointed", place !== null)
    board.style.setProperty("--row", place?.[0])
    board.style.setProperty("--column", place?.[1])
    if (caption.textContent === (place ? cellAt(place).ariaLabel : data.words.hint)) return
    const isolated = (i) => {
      const token = document.createElement("bdi") // Arabic would carry its number to the other side
      token.textContent = data.tokens[i]
      return [token, ` (${i})`]
    }
    caption.replaceChildren(...(place ? sentence(place, isolated) : [data.words.hint]))
  }

  return view
}
