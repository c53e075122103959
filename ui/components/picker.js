// Rows of words, one of which is chosen in each. As long as nobody may see what is right, that isn't
// among the data; then the chosen word has a ring, and the right ones are filled.
export default function (component) {
  const view = (component.parentElement.headlightPicker ??= build(component.parentElement))
  view.send = component.setTriggerValue
  view.update(JSON.parse(new TextDecoder().decode(component.data)))
}

function build(parent) {
  const root = parent.appendChild(document.createElement("div"))
  root.className = "picker"
  const view = { send: null, update }

  root.addEventListener("click", (event) => {
    const box = event.target.closest("button")
    if (!box || box.disabled) return
    const row = [...root.children].indexOf(box.closest(".row"))
    const place = [...box.parentElement.children].indexOf(box)
    // At once, and not when the server has answered.
    for (const other of box.parentElement.children) other.ariaPressed = String(other === box)
    view.send("pick", { row, place })
  })

  function update(data) {
    for (const [name, color] of Object.entries(data.colors)) {
      root.style.setProperty(`--${name}`, color)
    }
    fill(root, data.rows.length, () => {
      const row = add(root, "div", "row")
      add(row, "div", "label")
      add(row, "div", "words").dir = "auto"
      return row
    })
    data.rows.forEach(({ label, words, said, right }, i) => {
      const [name, group] = root.children[i].children
      if (name.textContent !== label) name.textContent = label
      group.role = "group"
      group.ariaLabel = label
      fill(group, words.length, () => Object.assign(add(group, "button"), { type: "button" }))
      words.forEach((word, place) => {
        const box = group.children[place]
        if (box.textContent !== word) box.textContent = word
        box.ariaPressed = String(place === said)
        box.disabled = right !== null
        const isRight = right?.includes(place) ?? false
        box.classList.toggle("right", isRight)
        const notes = [isRight && data.words.right, right && place === said && data.words.said]
        const note = notes.filter(Boolean).join(", ")
        box.ariaLabel = note ? `${word}: ${note}` : null
      })
    })
  }

  return view
}

function add(parent, tag, className = "") {
  return Object.assign(parent.appendChild(document.createElement(tag)), { className })
}

function fill(parent, count, addOne) {
  while (parent.children.length < count) addOne()
  while (parent.children.length > count) parent.lastChild.remove()
}
