// A plain script, loaded before the modules: a module that does not load, or does not fit the others, runs no code of its own, so
// this script has to say it.

(() => {
  function show(what) {
    const stage = document.getElementById('stage');
    const splash = document.getElementById('splash');
    // Once the start-up picture has gone, the program reports its own errors.
    if (!stage || !splash || splash.hidden || window.ibqStarted) return;
    stage.textContent = `IBQ Studio did not load: ${what}. Load the page again; if that does not help, delete this site’s data in the browser.`;
    const bar = document.getElementById('progress');
    if (bar) bar.hidden = true;
  }

  // Scripts and styles that cannot be fetched do not bubble: listen while the event goes down.
  window.addEventListener('error', (event) => {
    const address = event.target?.src ?? event.target?.href;
    if (address) show(`${new URL(address).pathname} cannot be fetched`);
    else show(event.message || 'a part of it cannot be read');
  }, true);
})();
