/* Writes the page's address, and makes an entry in the browser's history for each deliberate action.

   Streamlit itself can only make entries. What has been done is kept on the window: after a page's
   change the component is a new one. */

const KEY = "__headlight_address";

export default function ({ data }) {
  const wanted = JSON.parse(new TextDecoder().decode(data));
  document.documentElement.lang = wanted.language; // for screen readers, and a font's choice
  let done = window[KEY];
  if (done?.session !== wanted.session) {
    done = { session: wanted.session, changes: 0, entries: 0 };
    window[KEY] = done;
  }
  done.picture = wanted.picture; // what is said of a chart that is saved: see picture.js
  if (done.page !== wanted.page) {
    done.page = wanted.page;
    done.path = window.location.pathname;
  }
  if (wanted.changes <= done.changes) return; // an older one, mounted again
  const makesEntry = wanted.entries > done.entries;
  done.changes = wanted.changes;
  done.entries = wanted.entries;
  if (window.location.pathname !== done.path) return; // somebody is on the way to another page
  const { pathname, search, hash } = window.location;
  const query = wanted.query ?? search.replace(/^\?/, ""); // null: as it is
  const url = pathname + (query ? `?${query}` : "") + hash;
  if (makesEntry) window.history.pushState({}, "", url);
  else if (url !== pathname + search + hash) window.history.replaceState({}, "", url);
}
