// A class's room: hears what has changed there, and says how many are in it. Keeps in this browser
// who leads, so that a reload still leads, and under which name one votes, so that nobody does so
// twice. Which window leads is that window's alone: another one has to be asked.
const SECRETS = "headlight-rooms" // of the browser: secrets by codes
const LEADS = "headlight-leads" // of the window: a code
const VOTER = "headlight-voter"
const MOST_SECRETS = 5
const SILENT = 40_000 // milliseconds without a word, after which the stream is dead: a lid was shut

const state = (globalThis.headlightRoom ??= {}) // lasts from run to run

const read = (storage, key, otherwise) => {
  try {
    return JSON.parse(storage().getItem(key)) ?? otherwise
  } catch {
    return otherwise // no storage is allowed here, or something else has written it
  }
}
const write = (storage, key, value) => {
  try {
    storage().setItem(key, JSON.stringify(value))
  } catch {} // then it lasts as long as the page
}
const ofBrowser = () => localStorage
const ofWindow = () => sessionStorage

const remember = (code, secret) => {
  const others = Object.entries(read(ofBrowser, SECRETS, {})).filter(([each]) => each !== code)
  const kept = secret ? [...others, [code, secret]] : others
  write(ofBrowser, SECRETS, Object.fromEntries(kept.slice(-MOST_SECRETS)))
  if (secret) write(ofWindow, LEADS, code)
  else if (read(ofWindow, LEADS, "") === code) write(ofWindow, LEADS, "")
}

const listen = () => {
  state.source?.close()
  state.heard = Date.now()
  const source = (state.source = new EventSource(state.url))
  const on = (name, take) =>
    source.addEventListener(name, (event) => {
      if (source !== state.source) return
      state.heard = Date.now()
      state.isAway = false
      take(event.data ? JSON.parse(event.data) : {})
      state.show?.()
    })
  on("place", (place) => {
    state.version = place.version
    state.asks = Boolean(place.question)
    state.place?.()
  })
  on("counts", (counts) => (state.counts = counts))
  on("alive", () => {})
  on("unreachable", () => (state.isAway = true))
  on("ended", () => {
    source.close()
    state.hasEnded = true
    state.place?.()
  })
  source.onerror = () => {
    if (source !== state.source) return
    state.isAway = true
    state.show?.()
    // The browser tries again by itself, but not where it was refused.
    if (source.readyState === EventSource.CLOSED && !state.hasEnded) {
      clearTimeout(state.again)
      state.again = setTimeout(() => source === state.source && listen(), 1000 + 2000 * Math.random())
    }
  }
}

const wake = () => {
  if (!state.source || state.hasEnded || document.visibilityState !== "visible") return
  if (Date.now() - state.heard > SILENT || state.source.readyState === EventSource.CLOSED) listen()
}
if (!state.wakes) {
  state.wakes = true
  document.addEventListener("visibilitychange", () => wake())
  globalThis.addEventListener("online", () => state.source && !state.hasEnded && listen())
  setInterval(() => wake(), SILENT / 4)
}

export default function ({ data, parentElement, setTriggerValue }) {
  const told = JSON.parse(new TextDecoder().decode(data))
  const { code, words } = told

  if (told.secret) remember(code, told.secret)
  else if (told.lost) remember(code, "")
  const secret = read(ofBrowser, SECRETS, {})[code]
  const isMine = !told.secret && Boolean(secret)
  const leads = isMine && read(ofWindow, LEADS, "") === code
  if (leads && state.claimed !== secret) {
    state.claimed = secret
    setTriggerValue("claim", { code, secret })
  }
  if (told.secret) state.claimed = told.secret

  const before = read(ofBrowser, VOTER, "")
  if (!before) write(ofBrowser, VOTER, told.voter)
  else if (before !== told.voter && state.voter !== before) {
    state.voter = before
    setTriggerValue("voter", before)
  }

  // Who looks around hears nothing of it, but is told when coming back.
  state.place = () => {
    const isNews = state.version > told.version || state.hasEnded
    const asked = `${code} ${state.hasEnded ? "ended" : state.version}`
    if (!isNews || !(told.is_following || state.hasEnded) || state.asked === asked) return
    state.asked = asked
    setTriggerValue("place", state.hasEnded ? -1 : state.version)
  }

  let line = parentElement.querySelector(".line")
  if (!line) {
    line = Object.assign(document.createElement("div"), { className: "line" })
    line.setAttribute("role", "status")
    line.append(document.createElement("span"), document.createElement("button"))
    parentElement.append(line)
  }
  const [said, button] = line.children
  button.type = "button"
  button.textContent = words.lead
  button.hidden = !isMine || leads
  button.onclick = () => {
    write(ofWindow, LEADS, code)
    state.claimed = secret
    setTriggerValue("claim", { code, secret })
  }
  state.show = () => {
    const { people = 0, answered = 0 } = state.counts ?? {}
    const text = state.isAway
      ? words.away
      : state.asks
        ? words.answered.replace("{count}", answered).replace("{people}", people)
        : words.people.replace("{count}", people)
    if (said.textContent !== text) said.textContent = text
    line.classList.toggle("away", Boolean(state.isAway))
  }

  const url = new URL(told.url, document.baseURI).href
  if (state.url !== url) {
    Object.assign(state, { url, version: told.version, counts: null, asks: false, hasEnded: false, asked: "" })
    listen()
  }
  state.show()
  state.place()
  return () => {
    state.show = state.place = null
  }
}
