/** Rights that come in a link's fragment: taken out of sight at once, kept for this tab. */

/** Takes `#name=…` out of the address, or what this tab kept under `key` before. */
export function takeToken(name: string, key: string): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const fresh = fragment.get(name);
  if (fresh) {
    fragment.delete(name);
    const rest = fragment.toString();
    history.replaceState(history.state, "", `${location.pathname}${location.search}${rest ? `#${rest}` : ""}`);
    keep(key, fresh);
    return fresh;
  }
  return kept(key);
}

export function keep(key: string, value: string): void {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Storage may be forbidden: the right then lasts until the page is left.
  }
}

export function kept(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

export function drop(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}
