// What a person would see and trip over, as numbers: the sizes of all texts, texts on one another,
// what the window or a container cuts off, and what scrolls. Looks into open shadow roots too.
(smallest) => {
  const SMALLEST_INDEX = smallest < 20 ? 10 : 14 // of a formula's indices
  const TOUCHES = 1 // pixel that neighbours may share
  const INTERACTIVE = "button, input, select, textarea, a[href], [role=radio], [role=slider], " +
    "[role=combobox], [role=gridcell], summary"

  const parentOf = (node) => node.assignedSlot ?? node.parentElement ?? node.getRootNode().host
  const above = function* (element) {
    for (let at = element; at; at = parentOf(at)) yield at
  }
  const every = function* (root) {
    for (const element of root.querySelectorAll("*")) {
      yield element
      if (element.shadowRoot) yield* every(element.shadowRoot)
    }
  }
  const elements = [...every(document.body)]

  const isSeen = (element) => {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false
    for (const each of above(element)) {
      if (each.matches(".unseen, .katex-mathml, [data-testid=stSkipToContent]")) return false
      if (each.matches("[data-testid=stSidebar][data-collapsed=true]")) return false
      const style = getComputedStyle(each)
      if (style.opacity === "0" || style.clipPath !== "none") return false
      if (each instanceof SVGTextElement && style.fillOpacity === "0") return false
    }
    return true
  }

  // The part of a box that no container hides, or null: {left, top, right, bottom}.
  const shownPart = (box, element) => {
    let { left, top, right, bottom } = box
    for (const each of above(parentOf(element))) {
      if (each instanceof SVGElement) continue
      const { overflowX, overflowY } = getComputedStyle(each)
      if (each === document.body || each === document.documentElement) continue
      const edge = each.getBoundingClientRect()
      if (overflowX !== "visible") (left = Math.max(left, edge.left), right = Math.min(right, edge.right))
      if (overflowY !== "visible") (top = Math.max(top, edge.top), bottom = Math.min(bottom, edge.bottom))
    }
    return right - left > 1 && bottom - top > 1 ? { left, top, right, bottom } : null
  }

  const corners = ({ left, top, right, bottom }) => [
    [left, top], [right, top], [right, bottom], [left, bottom],
  ]
  // A line's box is higher than what is written in it: digits have nothing below their baseline.
  const pen = document.createElement("canvas").getContext("2d")
  const inked = ({ left, top, right, bottom }, said, element) => {
    const { fontStyle, fontWeight, fontSize, fontFamily } = getComputedStyle(element)
    pen.font = `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`
    const ink = pen.measureText(said)
    const air = bottom - top - ink.fontBoundingBoxAscent - ink.fontBoundingBoxDescent
    const baseline = top + air / 2 + ink.fontBoundingBoxAscent
    return corners({
      left, right,
      top: baseline - ink.actualBoundingBoxAscent,
      bottom: baseline + ink.actualBoundingBoxDescent,
    })
  }
  const inSvg = (element) => {
    const { x, y, width, height } = element.getBBox()
    const box = { left: x, top: y, right: x + width, bottom: y + height }
    const isOneLine = !element.querySelector("tspan.line")
    const shape = isOneLine ? inked(box, element.textContent, element) : corners(box)
    const place = element.getScreenCTM()
    return shape.map(([x, y]) => [
      place.a * x + place.c * y + place.e, place.b * x + place.d * y + place.f,
    ])
  }
  const around = (shape) => {
    const [xs, ys] = [0, 1].map((i) => shape.map((corner) => corner[i]))
    return {
      left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys),
    }
  }
  // By how many pixels two convex shapes lie on one another, at the narrowest.
  const overlap = (one, other) => {
    let least = Infinity
    for (const shape of [one, other]) {
      for (let i = 0; i < shape.length; i++) {
        const [from, to] = [shape[i], shape[(i + 1) % shape.length]]
        const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1
        const normal = [(to[1] - from[1]) / length, (from[0] - to[0]) / length]
        const ends = [one, other].map((points) => {
          const along = points.map(([x, y]) => x * normal[0] + y * normal[1])
          return [Math.min(...along), Math.max(...along)]
        })
        least = Math.min(
          least, Math.min(ends[0][1], ends[1][1]) - Math.max(ends[0][0], ends[1][0]),
        )
      }
    }
    return least
  }

  const texts = []
  for (const element of elements) {
    const words = [...element.childNodes].filter((n) => n.nodeType === 3 && n.data.trim())
    if (!words.length || element.closest("style, script, noscript, .js-plotly-tester")) continue
    if (!isSeen(element)) continue
    const said = words.map((node) => node.data.trim()).join(" ").slice(0, 60)
    const size = parseFloat(getComputedStyle(element).fontSize)
    const inFormula = Boolean(element.closest(".katex"))
    const line = element.closest("svg text")
    if (/^\p{Co}|^[a-z_]+$/u.test(said) && /Material/.test(getComputedStyle(element).fontFamily)) {
      continue // a picture of an icon
    }
    let shapes
    if (line) {
      shapes = [inSvg(line)]
    } else {
      const range = document.createRange()
      shapes = words.flatMap((node) => {
        range.selectNodeContents(node)
        return [...range.getClientRects()].map((box) => inked(box, node.data, element))
      })
    }
    shapes = shapes.filter((shape) => shownPart(around(shape), line ?? element))
    texts.push({ said, size, inFormula, whole: line ?? element, shapes })
  }
  const seen = texts.filter(({ shapes, whole }) => shapes.length || whole instanceof SVGElement)
  const small = seen
    .filter(({ size, inFormula }) => size < (inFormula ? Math.min(SMALLEST_INDEX, smallest) : smallest))
    .map(({ said, size }) => `${said}: ${size.toFixed(1)} px`)

  // A layer on top of others, such as a popover's, hides what is below it on purpose.
  const layerOf = (element) =>
    [...above(element)].find((each) => each.matches(
      "header, [data-testid=stSidebar], [data-testid=stPopoverBody], [data-testid=stMain], .st-key-corner",
    ))
  const placed = seen.filter(({ inFormula, shapes }) => !inFormula && shapes.length)
    .map((text) => ({ ...text, layer: layerOf(text.whole) }))
  const onOthers = []
  for (const [i, one] of placed.entries()) {
    for (const other of placed.slice(i + 1)) {
      if (one.whole === other.whole || one.layer !== other.layer) continue
      const most = Math.max(...one.shapes.flatMap((a) => other.shapes.map((b) => overlap(a, b))))
      if (most > TOUCHES) onOthers.push(`${one.said} | ${other.said}: ${most.toFixed(1)} px`)
    }
  }

  const cutOff = []
  for (const element of elements) {
    if (!element.matches(INTERACTIVE) || !isSeen(element)) continue
    const box = element.getBoundingClientRect()
    if (box.width < 2 || box.height < 2) continue
    // What can be scrolled to is not cut off; that is for `down` and `sideways` to tell.
    let reachedAcross = false, reachedDown = false
    const clip = [...above(parentOf(element))].find((each) => {
      if (each instanceof SVGElement || each === document.body || each === document.documentElement)
        return false
      const { overflowX, overflowY } = getComputedStyle(each)
      const edge = each.getBoundingClientRect()
      const hides = (overflow) => overflow === "hidden" || overflow === "clip"
      const scrolls = (overflow) => overflow === "auto" || overflow === "scroll"
      reachedAcross ||= scrolls(overflowX) && each.scrollWidth > each.clientWidth
      reachedDown ||= scrolls(overflowY) && each.scrollHeight > each.clientHeight
      return (!reachedAcross && hides(overflowX) &&
          (box.left < edge.left - 1 || box.right > edge.right + 1)) ||
        (!reachedDown && hides(overflowY) &&
          (box.top < edge.top - 1 || box.bottom > edge.bottom + 1))
    })
    const beyond = box.left < -1 || (box.right > innerWidth + 1 && !reachedAcross)
    if (clip || beyond) {
      const name = element.ariaLabel || element.textContent.trim() || element.tagName
      cutOff.push(`${name.slice(0, 40)} at ${Math.round(box.left)}, ${Math.round(box.top)}`)
    }
  }

  const main = document.querySelector("[data-testid=stMain]")
  const block = document.querySelector("[data-testid=stMainBlockContainer]")
  const bar = document.querySelector("[data-testid=stSidebarContent]")
  const page = document.scrollingElement
  return {
    title: document.title,
    headings: document.querySelectorAll("h1").length,
    small,
    overlaps: onOthers,
    cutOff,
    down: main.scrollHeight - main.clientHeight,
    downInSidebar: bar && isSeen(bar) ? bar.scrollHeight - bar.clientHeight : 0,
    sideways: Math.max(...[page, main, block].map((each) => each.scrollWidth - each.clientWidth)),
  }
}
