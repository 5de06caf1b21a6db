/**
 * The admin token in the browser: it arrives in the address after `#token=` or through the sign-in form, is taken out
 * of the address bar at once (so it is not shared with a copied link), and lives as long as the tab does.
 */

const STORAGE_KEY = "midroll.adminToken";

/** Moves a token from the address bar to the tab's storage, and returns the token this tab holds, or null. */
export function takeToken(): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const arrived = fragment.get("token");
  if (arrived !== null) {
    fragment.delete("token");
    const rest = fragment.toString();
    history.replaceState(null, "", location.pathname + location.search + (rest === "" ? "" : `#${rest}`));
    if (arrived !== "") keepToken(arrived);
  }
  return heldToken();
}

/** The token this tab holds, or null. */
export function heldToken(): string | null {
  return sessionStorage.getItem(STORAGE_KEY);
}

/** Remembers the token until the tab closes. */
export function keepToken(token: string): void {
  sessionStorage.setItem(STORAGE_KEY, token);
}

/** Forgets the token. */
export function dropToken(): void {
  sessionStorage.removeItem(STORAGE_KEY);
}
