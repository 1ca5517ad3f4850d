// Which other servers an address may name with ?image=, ?model= and ?generator=.

/** Scheme, host name or IPv4 address, and port. Nothing else may enter a content-security policy. */
const ORIGIN = /^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/;

/**
 * The origins of the web addresses among the parameters of an address, without its own: {allowed, refused}. Refused are those that
 * a content-security policy cannot name, such as IPv6 addresses.
 */
export function originsIn(href) {
  const own = new URL(href).origin;
  const texts = [...new URL(href).searchParams.values()].filter((text) => text && URL.canParse(text, href));
  const urls = texts.map((text) => new URL(text, href)).filter((url) => /^https?:$/.test(url.protocol));
  const origins = [...new Set(urls.map((url) => url.origin))].filter((origin) => origin !== own);
  return { allowed: origins.filter((origin) => ORIGIN.test(origin)), refused: origins.filter((origin) => !ORIGIN.test(origin)) };
}

/** What to say about them before anything is fetched; nothing where there are none. */
export function sentenceAbout({ allowed, refused }) {
  const sentences = [];
  if (allowed.length) sentences.push(`This address asks for files from ${allowed.join(' and ')}, which then sees your network address.`);
  for (const origin of refused) {
    const why = origin.includes('[') ? 'browsers allow a page no connection to an IPv6 address; use a host name' : 'its name has characters that are not allowed';
    sentences.push(`Nothing is fetched from ${origin}: ${why}.`);
  }
  return sentences.join(' ');
}
