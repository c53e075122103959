// What stands around a picture: its title, what its weights are, and the link, in small print.
const SVG = "http://www.w3.org/2000/svg"
const EDGE = 16 // pixels around all
const STYLES = {
  title: { size: 18, line: 24, weight: 600, most: 4 },
  said: { size: 13, line: 18, weight: 400, most: 6 },
  link: { size: 11, line: 15, weight: 400, most: 4 },
}
const GAP = 10 // pixels between the picture and the lines

const pen = document.createElement("canvas").getContext("2d")

// Lines of a text, none wider than `room`; a word that is too long is broken, as links are.
export function wrapped(text, { size, weight, most }, room, family) {
  pen.font = `${weight} ${size}px ${family}`
  const fits = (line) => pen.measureText(line).width <= room
  const lines = [""]
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const joined = lines.at(-1) ? `${lines.at(-1)} ${word}` : word
    if (fits(joined)) {
      lines[lines.length - 1] = joined
      continue
    }
    if (lines.at(-1)) lines.push("")
    let rest = Array.from(word)
    while (!fits(rest.join(""))) {
      let [low, high] = [1, rest.length] // letters that fit, and that don't
      while (high - low > 1) {
        const middle = (low + high) >> 1
        if (fits(rest.slice(0, middle).join(""))) low = middle
        else high = middle
      }
      lines[lines.length - 1] = rest.slice(0, low).join("")
      rest = rest.slice(low)
      lines.push("")
      if (lines.length > most) break
    }
    lines[lines.length - 1] = rest.join("")
  }
  if (lines.length <= most) return lines.filter(Boolean)
  const last = Array.from(lines[most - 1])
  while (last.length && !fits(`${last.join("")}…`)) last.pop()
  return [...lines.slice(0, most - 1), `${last.join("")}…`]
}

// The lines above and below a picture of that width, and how high they are.
export function linesFor(caption, family) {
  return (width) => {
    const room = width - 2 * EDGE
    const lines = (texts, style) =>
      texts.flatMap((text) => wrapped(text, style, room, family)).map((text) => ({ text, style }))
    const above = lines([caption.title].filter(Boolean), STYLES.title)
    const below = [
      ...lines(caption.said, STYLES.said), ...lines([caption.link].filter(Boolean), STYLES.link),
    ]
    const high = (parts) => parts.reduce((sum, { style }) => sum + style.line, 0)
    const [top, bottom] = [
      above.length ? EDGE + high(above) + GAP : EDGE, below.length ? GAP + high(below) + EDGE : EDGE,
    ]
    return { above, below, top, bottom, height: top + bottom }
  }
}

// The whole as an SVG; `shown` is how large it is said to be, such as {width: "160mm", ...}.
export function sheet({ group, whole, lines, shown, caption, theme, family, font, isTransparent }) {
  const root = document.createElementNS(SVG, "svg")
  const add = (parent, tag, attributes = {}, text = "") => {
    const element = parent.appendChild(document.createElementNS(SVG, tag))
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
    if (text) element.textContent = legible(text)
    return element
  }
  const { width, height } = whole
  for (const [name, value] of Object.entries({
    width: shown.width, height: shown.height, viewBox: `0 0 ${width} ${height}`,
    role: "img", "font-family": family.replaceAll('"', "'"),
  })) root.setAttribute(name, value)
  add(root, "title", {}, caption.title)
  add(root, "desc", {}, [caption.described, ...caption.said, caption.link].filter(Boolean).join("\n"))
  if (font) add(root, "style", {}, font)
  if (!isTransparent) add(root, "rect", { width, height, fill: theme.ground })
  const write = (parts, from) => {
    let y = from
    for (const { text, style } of parts) {
      const fill = style === STYLES.title ? theme.text : theme.faint
      const look = { "font-size": style.size, "font-weight": style.weight, fill }
      add(root, "text", { x: EDGE, y: y + style.size, ...look }, text)
      y += style.line
    }
  }
  write(lines.above, EDGE)
  group.setAttribute("transform", `translate(0 ${lines.top})`)
  root.append(group)
  write(lines.below, height - lines.bottom + GAP)
  return root
}

// What XML can't hold, as the sign for what can't be shown.
const legible = (text) =>
  text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")

export const written = (root) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(root)}\n`
