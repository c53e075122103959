// A saved page: draws what is chosen. No texts are read as HTML, nothing is asked of any server.
// Arrays stand in elements of their own, as base64, and are unpacked when a picture needs them. A
// matrix is a recipe: a head of such a block, or what follows from other matrices.
"use strict";
(() => {
  const NARROW = 640 // pixels of a window that shows one head below the other
  const LEAST_WIDTH = 760 // pixels of a picture that has no form for a phone: it scrolls
  const MOST_BUTTONS = 6, MOST_LETTERS = 64 // of one choice; more of them are a list
  const $ = (id) => document.getElementById(id)
  const data = JSON.parse($("data").textContent)
  let parts = null // of specifications, one a line
  const words = data.words
  const chart = $("chart")
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all)

  // ---- Arrays

  const TYPES = {
    i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array,
    u4: Uint32Array, f4: Float32Array, f8: Float64Array,
  }
  const blocks = new Map() // numbers of each block, or the promise of them
  const matrices = new Map()
  const parsed = new Promise((done) => {
    if (document.readyState !== "loading") done()
    else document.addEventListener("DOMContentLoaded", done)
  })

  function fromBase64(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text)
    const letters = atob(text)
    const bytes = new Uint8Array(letters.length)
    for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i)
    return bytes
  }

  async function unpacked(text, type) {
    const stream = new Response(fromBase64(text)).body
      .pipeThrough(new DecompressionStream("deflate"))
    const planes = new Uint8Array(await new Response(stream).arrayBuffer())
    const width = type.BYTES_PER_ELEMENT, count = planes.length / width
    const bytes = new Uint8Array(planes.length)
    for (let place = 0; place < width; place++) {
      const plane = planes.subarray(place * count, (place + 1) * count)
      for (let i = 0, at = place; i < count; i++, at += width) bytes[at] = plane[i]
    }
    return new type(bytes.buffer)
  }

  async function readParts() {
    const { textContent: text, dataset } = $("parts")
    if (!dataset.packed) return text.split("\n")
    return new TextDecoder().decode(await unpacked(text, Uint8Array)).split("\n")
  }

  async function readBlock(number) {
    const [codec, kind, shape, left, right, isTurned] = data.blocks[number]
    if (!$(`block${number}`)) await parsed
    const text = $(`block${number}`).textContent
    if (codec === "plain") return new TYPES[kind](fromBase64(text).buffer)
    if (codec === "packed") return unpacked(text, TYPES[kind])
    const made = await Promise.all([unpacked(text, Uint32Array), need(left), need(right)])
    return multiplied(shape, ...made, data.blocks[right][2], isTurned)
  }

  // Rows times rows in float64, as the numbers were made, and then the last digits' difference.
  function multiplied([heads, rows, columns], apart, left, right, shape, isTurned) {
    const size = isTurned ? shape[1] : shape[2]
    const [alongC, alongD] = isTurned ? [1, shape[2]] : [size, 1]
    const made = new Float32Array(heads * rows * columns)
    const one = new Float32Array(1), bits = new Int32Array(one.buffer)
    let at = 0
    for (let h = 0; h < heads; h++) {
      for (let r = 0; r < rows; r++) {
        const from = (h * rows + r) * size
        for (let c = 0; c < columns; c++, at++) {
          let sum = 0, other = h * columns * size + c * alongC
          for (let d = 0; d < size; d++, other += alongD) {
            const factor = left[from + d]
            if (factor === factor) sum += factor * right[other]
          }
          one[0] = sum
          const folded = apart[at]
          const order = (bits[0] < 0 ? -2147483648 - bits[0] : bits[0]) +
            (folded & 1 ? -(folded >>> 1) - 1 : folded >>> 1)
          bits[0] = order < 0 ? -2147483648 - order : order
          made[at] = one[0]
        }
      }
    }
    return made
  }

  function need(number) {
    if (!blocks.has(number)) {
      blocks.set(number, readBlock(number).then((read) => (blocks.set(number, read), read)))
    }
    return blocks.get(number)
  }

  // The blocks that a matrix is made of.
  function blocksOf(number, found = new Set()) {
    const [kind, first, ...others] = data.recipes[number]
    if (kind === "head" || kind === "part") found.add(first)
    else if (kind === "joined") first.forEach((each) => blocksOf(each, found))
    else if (kind === "mosaic") first.flat().forEach((each) => blocksOf(each, found))
    else blocksOf(first, found)
    if (kind === "divided") blocksOf(others[1], found)
    return found
  }

  const needAll = (numbers) => {
    const every = new Set()
    numbers.forEach((number) => blocksOf(number, every))
    return Promise.all([...every].map(need))
  }

  const rowsOf = (numbers, rows, columns) =>
    Array.from({ length: rows }, (_, r) => numbers.subarray(r * columns, (r + 1) * columns))
  const empty = (rows, columns) =>
    Array.from({ length: rows }, () => new Float32Array(columns).fill(NaN))

  const MAKE = {
    head: (block, head) => {
      const [, rows, columns] = data.blocks[block][2]
      const size = rows * columns
      return rowsOf(blocks.get(block).subarray(head * size, (head + 1) * size), rows, columns)
    },
    part: (block, start, shape) => {
      const size = shape.reduce((all, each) => all * each, 1)
      const numbers = blocks.get(block).subarray(start, start + size)
      return shape.length === 2 ? rowsOf(numbers, ...shape) : numbers
    },
    turned: (number) => {
      const from = matrix(number)
      return Array.from(from[0], (_, c) => Float32Array.from(from, (row) => row[c]))
    },
    divided: (number, by, mask) => {
      const hidden = matrix(mask)
      return matrix(number).map((row, r) =>
        row.map((energy, c) => (Number.isNaN(hidden[r][c]) ? NaN : energy / by)))
    },
    joined: (numbers, gap, rows) => {
      const all = numbers.map(matrix)
      const width = all.reduce((sum, each) => sum + each[0].length, gap * (all.length - 1))
      const made = empty(rows, width)
      let left = 0
      for (const each of all) {
        each.forEach((row, r) => made[r].set(row, left))
        left += each[0].length + gap
      }
      return made
    },
    pooled: (number, down, across) => pooled(matrix(number), down, across),
    mosaic: (numbers, down, across) => {
      const made = empty(down.length, across.length)
      numbers.forEach((line, layer) => line.forEach((number, head) => {
        const small = pooled(matrix(number), down.pool, across.pool)
        small.forEach((row, r) => {
          for (let y = 0; y < down.steps; y++) {
            const into = made[layer * down.period + r * down.steps + y]
            row.forEach((value, c) => {
              const x = head * across.period + c * across.steps
              into.fill(value, x, x + across.steps)
            })
          }
        })
      }))
      return made
    },
  }

  // The value furthest from zero of each block; NaN where all of it is.
  function pooled(from, down, across) {
    if (down === 1 && across === 1) return from
    const made = empty(Math.ceil(from.length / down), Math.ceil(from[0].length / across))
    from.forEach((row, r) => {
      const into = made[Math.floor(r / down)]
      row.forEach((value, c) => {
        const x = Math.floor(c / across)
        if (Number.isNaN(into[x]) || Math.abs(value) > Math.abs(into[x])) into[x] = value
      })
    })
    return made
  }

  function matrix(number) {
    if (!matrices.has(number)) {
      const [kind, ...others] = data.recipes[number]
      matrices.set(number, MAKE[kind](...others))
    }
    return matrices.get(number)
  }

  // ---- Specifications

  const prefix = data.prefix
  const numbered = new RegExp(`(#|%23)${prefix}([0-9a-f]{2})`, "g")
  const named = new RegExp(`"@${prefix}:([a-z-]+)"`, "g")
  let mode = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"

  function part(number, isPlain) {
    let text = parts[number]
    if (!isPlain) {
      const { slots, scales } = data.palettes[mode]
      text = text
        .replace(numbered, (_, mark, slot) => mark + slots[parseInt(slot, 16)].slice(1))
        .replace(named, (_, name) => JSON.stringify(scales[name]))
    }
    const read = JSON.parse(text)
    return text.includes('"@":') ? withArrays(read) : read
  }

  function withArrays(value) {
    if (Array.isArray(value)) return value.map(withArrays)
    if (value === null || typeof value !== "object") return value
    if ("@" in value) return matrix(value["@"])
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withArrays(each)]))
  }

  // The arrays that a specification names, in whatever depth.
  function arraysOf(spec) {
    const traces = [...spec.data, ...(spec.frames ?? []).flatMap((frame) => frame.data)]
    const all = traces.flatMap(([, arrays]) => Object.values(arrays))
    const used = [...traces.map(([number]) => number), ...spec.layout]
    for (const number of used) {
      for (const [, found] of parts[number].matchAll(/"@":(\d+)/g)) all.push(Number(found))
    }
    return all
  }

  const traceOf = ([number, arrays], isPlain) => {
    const made = part(number, isPlain)
    for (const [key, each] of Object.entries(arrays)) made[key] = matrix(each)
    return made
  }
  const layoutOf = (numbers, isPlain) =>
    Object.assign({}, ...numbers.map((number) => part(number, isPlain)))

  function figureOf(spec, terms) {
    const isPlain = Boolean(spec.plain)
    const figure = {
      data: spec.data.map((trace) => traceOf(trace, isPlain)),
      layout: layoutOf(spec.layout, isPlain),
      config: { displayModeBar: false, responsive: true, showTips: false },
    }
    terms?.forEach(([number, low, high, limits], i) => {
      Object.assign(figure.data[i], { z: matrix(number), zmin: low, zmax: high })
      const [place, before] = spec.said[i]
      figure.layout.annotations[place].text = before + limits
    })
    if (spec.frames) {
      figure.frames = spec.frames.map((frame) => ({
        ...part(frame.rest, isPlain),
        data: frame.data.map((trace) => traceOf(trace, isPlain)),
        ...(frame.layout ? { layout: layoutOf(frame.layout, isPlain) } : {}),
      }))
    }
    return figure
  }

  // A frame around the chosen query's row, in each of the pictures' parts.
  function rowFrames(spec, query) {
    return (spec.rows ?? []).map(({ size, boxes, high, pool, count, outside, axes }) => {
      const row = Math.floor(query / pool)
      if (row >= count) return null
      const path = boxes.map(([x, y, across]) => {
        const left = (x - outside) / size[0], right = (x + across + outside) / size[0]
        const top = 1 - (y + row * high - outside) / size[1]
        const bottom = 1 - (y + (row + 1) * high + outside) / size[1]
        return `M${left},${top}H${right}V${bottom}H${left}Z`
      }).join("")
      const color = getComputedStyle(document.documentElement).getPropertyValue("--query").trim()
      return {
        type: "path", path, layer: "above", line: { color, width: data.line },
        xref: `${axes[0]} domain`, yref: `${axes[1]} domain`,
      }
    }).filter(Boolean)
  }

  // ---- What is chosen

  const unique = (texts) => [...new Set(texts)]
  const kinds = unique(data.attentions.map(({ kind }) => kind))
  const sentences = unique(data.attentions.map(({ sentence }) => sentence))
  const { kind, sentence } = data.attentions[data.chosen.shown] ?? {}
  const chosen = { ...data.chosen, kind, sentence, pointed: null }
  if (data.pictures.length && !data.attentions.length) chosen.view = "picture0"

  const attention = () =>
    data.attentions.find((each) => each.kind === chosen.kind && each.sentence === chosen.sentence) ??
    data.attentions.find((each) => each.kind === chosen.kind)
  const layer = () => attention().layers[chosen.layer]
  const isPicture = () => chosen.view.startsWith("picture")
  const within = (value, count) => Math.min(Math.max(0, value), count - 1)

  function views() {
    const known = []
    if (data.attentions.length) {
      known.push(["heads", words.heads_view], ["head", words.head_view])
      if (attention().all) known.push(["layers", words.layers_view])
    }
    data.pictures.forEach(({ name }, i) => known.push([`picture${i}`, name || words.picture]))
    return known
  }

  // Brings what is chosen in line with what there is.
  function repair() {
    if (!views().some(([name]) => name === chosen.view)) chosen.view = views()[0][0]
    if (!data.attentions.length) return
    const here = attention()
    chosen.sentence = here.sentence
    chosen.layer = within(chosen.layer, here.layers.length)
    chosen.head = within(chosen.head, layer().heads.length)
    const stages = Object.keys(layer().stages)
    if (!stages.includes(chosen.stage)) chosen.stage = "weights"
    if (chosen.query !== null && chosen.query >= (here.queries?.length ?? 0)) chosen.query = null
  }

  function choose(values) {
    Object.assign(chosen, values)
    repair()
    updateControls()
    updateWords()
    draw()
  }

  // ---- Controls

  const make = (tag, parent, properties = {}) =>
    parent.appendChild(Object.assign(document.createElement(tag), properties))
  const updates = []

  function control(label, options, value, set, { steps = false, isShown = () => true } = {}) {
    const place = make("div", $("controls"), { className: "control" })
    const id = `label${updates.length}`
    make("span", place, { textContent: label, id })
    const inside = make("div", place, { className: steps ? "stepper" : "choices" })
    inside.role = "group"
    inside.setAttribute("aria-labelledby", id)
    let written = ""
    updates.push(() => {
      const all = options()
      place.hidden = all.length < 2 || !isShown()
      if (place.hidden) return
      const now = JSON.stringify(all)
      if (now !== written) fillControl(inside, all, steps, set, id)
      written = now
      showValue(inside, all, value())
    })
  }

  function fillControl(inside, all, steps, set, id) {
    inside.replaceChildren()
    const letters = all.reduce((sum, [, text]) => sum + text.length, 0)
    if (!steps && all.length <= MOST_BUTTONS && letters <= MOST_LETTERS) {
      for (const [value, text] of all) {
        make("button", inside, { type: "button", textContent: text, onclick: () => set(value) })
      }
      return
    }
    const select = make("select", inside)
    select.setAttribute("aria-labelledby", id)
    for (const [value, text] of all) make("option", select, { value, textContent: text })
    const pick = (place) => set(all[place][0])
    select.onchange = () => pick(select.selectedIndex)
    if (!steps) return
    for (const [text, label, by] of [["\u2039", words.previous, -1], ["\u203a", words.following, 1]]) {
      const button = make("button", inside, { type: "button", textContent: text, title: label })
      button.ariaLabel = label
      button.onclick = () => pick(within(select.selectedIndex + by, all.length))
    }
  }

  function showValue(inside, all, value) {
    const place = all.findIndex(([each]) => each === value)
    const select = inside.querySelector("select")
    if (!select) {
      [...inside.children].forEach((button, i) => { button.ariaPressed = String(i === place) })
      return
    }
    select.selectedIndex = place
    const [back, on] = inside.querySelectorAll("button")
    if (back) back.disabled = place <= 0
    if (on) on.disabled = place >= all.length - 1
  }

  const plain = (texts) => texts.map((text) => [text, text])
  const ofAttention = () => !isPicture()
  control(words.kind, () => plain(kinds), () => chosen.kind,
    (kind) => choose({ kind, query: null, pointed: null }), { isShown: ofAttention })
  control(words.sentence, () => plain(sentences), () => chosen.sentence,
    (sentence) => choose({ sentence, query: null, pointed: null }), { isShown: ofAttention })
  control(words.view, views, () => chosen.view, (view) => choose({ view }))
  control(words.stage,
    () => data.attentions.length ? Object.keys(layer().stages).map((key) => [key, words[key]]) : [],
    () => chosen.stage, (stage) => choose({ stage }),
    { isShown: () => chosen.view === "heads" })
  control(words.layer,
    () => data.attentions.length ? attention().layers.map(({ name }, i) => [i, name]) : [],
    () => chosen.layer, (value) => choose({ layer: value }), { steps: true, isShown: ofAttention })
  control(words.head,
    () => data.attentions.length
      ? layer().heads.map((number, i) => [i, fill(words.head_name, { number })]) : [],
    () => chosen.head, (head) => choose({ head }),
    { steps: true, isShown: () => chosen.view === "head" })

  const updateControls = () => updates.forEach((update) => update())

  const theme = $("theme")
  function setMode(value) {
    mode = value
    document.documentElement.dataset.mode = mode
    theme.textContent = mode === "dark" ? "\u2600\ufe0e" : "\u263e\ufe0e"
  }
  theme.onclick = () => {
    setMode(mode === "dark" ? "light" : "dark")
    if (shown) draw()
  }

  // ---- The sentence as words: pointing at one shows how much it attends to the others

  let boxes = [] // of the keys' words
  let written = null // the attention whose words stand there

  function buildWords(here) {
    const place = $("words")
    place.replaceChildren()
    place.role = "group"
    place.ariaLabel = words.words
    const row = () => make("div", place, { className: "strip", dir: "auto" })
    const box = (parent, tag, token, i) => {
      const made = make(tag, parent, { className: "token", title: `${token} (${i})` })
      make("span", made, { textContent: token })
      return made
    }
    const asking = row()
    const queries = here.queries.map((token, i) => box(asking, "button", token, i))
    const answering = here.keys ? row() : asking
    boxes = here.keys ? here.keys.map((token, i) => box(answering, "span", token, i)) : queries
    boxes.forEach((each) => make("small", each))
    queries.forEach((button, i) => {
      button.type = "button"
      button.onmouseenter = button.onfocus = () => point(i)
      button.onclick = () => {
        chosen.query = chosen.query === i ? null : i
        updateWords()
        draw()
      }
    })
    asking.onmouseleave = asking.onfocusout = () => point(null)
    written = { here, queries }
  }

  function point(query) {
    if (query === chosen.pointed) return
    chosen.pointed = query
    showWeights()
  }

  function updateWords() {
    const here = ofAttention() && attention().queries ? attention() : null
    $("words").hidden = $("caption").hidden = here === null
    if (here === null) return
    if (written?.here !== here) buildWords(here)
    showWeights()
  }

  const percent = (weight) =>
    weight && weight < 0.0005 ? "<0.1%" : `${(100 * weight).toFixed(1)}%`

  function shade(weight, largest) {
    const share = Math.min(1, weight / (data.curve[1] ?? largest))
    if (data.curve[0] === "log") return Math.max(0, 1 + Math.log10(share) / 4)
    return data.curve[0] === "sqrt" ? Math.sqrt(share) : share
  }

  async function showWeights() {
    const { here, queries } = written
    const numbers = layer().strip
    const isMean = chosen.view !== "head"
    const used = isMean ? numbers : [numbers[chosen.head]]
    await needAll(used)
    if (written.here !== here || layer().strip !== numbers) return
    const query = chosen.pointed ?? chosen.query
    const rows = query === null ? [] : used.map((number) => matrix(number)[query])
    const weights = query === null ? [] : Array.from(rows[0], (_, key) =>
      rows.reduce((sum, row) => sum + row[key], 0) / rows.length)
    const largest = Math.max(1e-9, ...weights.filter((weight) => !Number.isNaN(weight)))
    boxes.forEach((box, key) => {
      const weight = weights[key]
      const isHidden = query !== null && Number.isNaN(weight)
      box.style.setProperty("--share", query === null || isHidden ? 0 : shade(weight, largest))
      box.lastChild.textContent = query === null ? "" : isHidden ? "\u2013" : percent(weight)
    })
    queries.forEach((button, i) => {
      button.classList.toggle("from", i === query)
      button.ariaPressed = String(i === chosen.query)
    })
    let whose = isMean
      ? words.mean_of_heads : fill(words.whose_head, { number: layer().heads[chosen.head] })
    if (here.layers.length > 1) whose = `${layer().name}, ${whose}`
    $("caption").textContent = query === null
      ? fill(words.hint, { whose }) : fill(words.looks, { token: here.queries[query], whose })
  }

  // ---- The picture

  const isNarrow = () => innerWidth < NARROW
  let turn = 0, gap = "", drawnNarrow = isNarrow(), shown = null

  const pictureShown = () => data.pictures[Number(chosen.view.slice(7))]

  function shownSpec() {
    const size = isNarrow() ? 1 : 0
    const sized = (sizes) => sizes[Math.min(size, sizes.length - 1)]
    if (isPicture()) return [sized(pictureShown().sizes)]
    if (chosen.view === "layers") return [attention().all]
    if (chosen.view === "head") return [sized(layer().equation), layer().terms[chosen.head]]
    return [sized(layer().stages[chosen.stage])]
  }

  async function draw() {
    const now = ++turn
    drawnNarrow = isNarrow()
    parts ??= await readParts()
    const [spec, terms] = shownSpec()
    const arrays = arraysOf(spec)
    await needAll(terms ? [...arrays, ...terms.map(([number]) => number)] : arrays)
    if (now !== turn) return
    const figure = figureOf(spec, terms)
    const fits = !attention()?.merged || (chosen.view === "heads" && chosen.stage === "weights")
    if (!isPicture() && chosen.query !== null && fits && !(spec.rows?.length === 0)) {
      figure.layout.shapes = [...(figure.layout.shapes ?? []), ...rowFrames(spec, chosen.query)]
    }
    if (isPicture() && drawnNarrow && spec === pictureShown().sizes[0]) {
      Object.assign(figure.layout, { width: LEAST_WIDTH, autosize: false })
    }
    chart.classList.toggle("plain", Boolean(spec.plain))
    describe(spec)
    const isFirst = shown === null
    shown = spec
    await (spec.frames ? Plotly.newPlot(chart, figure) : Plotly.react(chart, figure))
    if (isFirst || spec.frames) listen()
    document.documentElement.dataset.drawn = String(now)
  }

  function describe(spec) {
    const picture = isPicture() ? pictureShown() : null
    const [, view] = views().find(([name]) => name === chosen.view)
    const said = picture ? [picture.caption] : []
    if (spec.pooled) {
      said.push(fill(words.pooled, { rows: spec.pooled[0], columns: spec.pooled[1] }))
    }
    $("pooled").textContent = said.filter(Boolean).join(" ")
    const about = [view]
    if (!picture) about.push(layer().name, chosen.view === "heads" ? words[chosen.stage] : "")
    chart.role = "group"
    chart.ariaLabel = about.filter(Boolean).join(", ")
  }

  // Plotly writes NaN where a cell has no value.
  function nameGaps() {
    for (const text of chart.querySelectorAll(".hoverlayer tspan")) {
      if (gap && text.textContent === "NaN") text.textContent = gap
    }
  }
  new MutationObserver(nameGaps).observe(chart, { childList: true, subtree: true })

  function listen() {
    chart.removeAllListeners("plotly_hover")
    chart.removeAllListeners("plotly_click")
    chart.removeAllListeners("plotly_clickannotation")
    chart.on("plotly_hover", ({ points: [point] }) => {
      gap = point.fullData.hovertemplatefallback
      nameGaps()
    })
    chart.on("plotly_click", ({ points: [point] }) => open(point))
    chart.on("plotly_clickannotation", ({ index }) => {
      const hasHeads = chosen.view === "heads" && chosen.stage !== "output"
      if (hasHeads && index < layer().heads.length) choose({ view: "head", head: index })
    })
  }

  // A click on a cell opens its head, with its query's row framed.
  function open({ pointNumber, curveNumber }) {
    if (!Array.isArray(pointNumber) || isPicture()) return
    const [row, column] = pointNumber
    if (chosen.view === "heads" && chosen.stage !== "output") {
      const query = attention().merged ? null : row * (shown.pooled?.[0] ?? 1)
      choose({ view: "head", head: curveNumber, query })
    } else if (chosen.view === "layers") {
      const [down, across] = shown.mosaic
      const inGap = (at, { period, cells, steps }) => at % period >= cells * steps
      if (inGap(row, down) || inGap(column, across)) return
      const head = Math.floor(column / across.period)
      choose({ view: "head", layer: Math.floor(row / down.period), head, query: null })
    }
  }

  addEventListener("resize", () => { if (isNarrow() !== drawnNarrow) draw() })
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ({ matches }) => {
    setMode(matches ? "dark" : "light")
    if (shown) draw()
  })
  // A playing figure that is told to pause rejects a promise that nobody can catch.
  addEventListener("unhandledrejection", (event) => {
    if (event.reason === undefined) event.preventDefault()
  })

  setMode(mode)
  if (!views().length) return
  repair()
  updateControls()
  updateWords()
  draw()
})()
