// A figure in the colours of another theme. Each colour of a figure is one of its theme's, so that
// what it stands for is known by its value: see viz/theme.py.
const STEPS = 40 // of a curved colour scale, as in viz/weight_scale.py
const LONE = [
  "text", "faint", "masked", "hatch", "highlight", "query", "key", "value", "ground", "positive",
  "negative",
]
const IN_A_TEXT = /(style="color: ?)(#[0-9a-f]{6})/gi
const IN_AN_IMAGE = /%23([0-9a-f]{6})/gi
const WITH_OPACITY = /^rgba?\((\d+)(, ?)(\d+), ?(\d+)(.*)\)$/

// The theme whose colours a figure has.
export function themeOf(figure, themes) {
  const text = figure.layout.font?.color?.toLowerCase()
  return Object.values(themes).find((theme) => theme.text === text) ?? Object.values(themes)[0]
}

export function recolored(figure, from, to) {
  if (from === to) return figure
  const roles = new Map(LONE.map((name) => [from[name], to[name]]))
  from.lines.forEach((color, i) => roles.set(color, to.lines[i]))
  const scales = [from.sequential, from.diverging].map((colors, which) =>
    mixtures(colors, [to.sequential, to.diverging][which]))

  const role = (text) => {
    const color = text.toLowerCase()
    const found = WITH_OPACITY.exec(color)
    if (!found) return roles.get(color) ?? text
    const [, red, comma, green, blue, rest] = found
    const other = roles.get(hex([red, green, blue].map(Number)))
    return other ? `rgba(${channels(other).join(comma)}${rest})` : text
  }
  const scale = (stops) => {
    const colors = stops.map(([, color]) => color.toLowerCase())
    const known = scales.find((each) => colors.every((color) => each.has(color)))
    return known ? stops.map(([at], i) => [at, known.get(colors[i])]) : stops
  }
  const written = (text) => text.replace(IN_A_TEXT, (_, before, color) => before + role(color))
  const image = (uri) =>
    uri.replace(IN_AN_IMAGE, (_, color) => "%23" + role(`#${color}`).slice(1))

  const convert = (value, key) => {
    if (key === "colorscale" && Array.isArray(value)) return scale(value)
    if (Array.isArray(value)) return value.map((each) => convert(each, key))
    if (typeof value === "string") {
      if (/color$/i.test(key)) return role(value)
      return key === "source" && value.startsWith("data:image/svg") ? image(value) : written(value)
    }
    if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, convert(each, name)]))
  }
  return { ...figure, data: convert(figure.data, "data"), layout: convert(figure.layout, "layout") }
}

// What each colour of a scale is in another: its own ones, and what lies between them at each step.
function mixtures(from, to) {
  const found = new Map()
  for (const at of even(STEPS + 1)) {
    const color = mixed(from, at)
    if (!found.has(color)) found.set(color, mixed(to, at))
  }
  from.forEach((color, i) => found.set(color, to[i]))
  return found
}

// As numpy.linspace, numpy.interp and Python's round have it, to the last bit.
const even = (count) =>
  Array.from({ length: count }, (_, i) => (i === count - 1 ? 1 : i * (1 / (count - 1))))

function mixed(colors, at) {
  const last = colors.length - 1
  const places = even(colors.length)
  let i = places.findLastIndex((place) => place <= at)
  if (i === last) return colors[last]
  const [low, high] = [channels(colors[i]), channels(colors[i + 1])]
  return hex(low.map((value, channel) => {
    const slope = (high[channel] - value) / (places[i + 1] - places[i])
    return rounded(slope * (at - places[i]) + value)
  }))
}

const rounded = (value) => {
  const below = Math.floor(value)
  return value - below === 0.5 ? below + (below % 2) : Math.round(value)
}
const channels = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16))
const hex = (values) => "#" + values.map((value) => value.toString(16).padStart(2, "0")).join("")
