/**
 * What a viewer was shown travels with the player: the edge hands out a signed token with each asset list and wants it
 * back with the next request, or frequency caps hold nobody. The token is kept as long as the page lives, goes only to
 * the edge that gave it, and only for the viewer it was given for.
 */
import { LoaderContextType, type HlsConfig, type NullableNetworkDetails } from "hls.js";

/** Tokens of the viewers on this page. */
export interface ViewerHistory {
  /** The address of an asset list with the viewer's token in it, or as it was: no token, or one already. */
  readonly carriedBy: (assetListUrl: string) => string;
  /** The token that came with the answer from this address; null: none came. */
  readonly heard: (assetListUrl: string, token: string | null) => void;
}

/** A page shows few viewers' breaks; beyond this the oldest history is forgotten. */
const VIEWERS_MAX = 16;
/** The edge reads no longer address. A break without history is better than none. */
const URL_CHARS_MAX = 4096;
const PARAMETER = "freq";
const HEADER = "midroll-frequency";

/** Starts with no history. */
export function rememberViewers(): ViewerHistory {
  const tokens = new Map<string, string>();
  return {
    carriedBy: (assetListUrl) => {
      const url = addressOf(assetListUrl);
      const token = url === null ? undefined : tokens.get(viewerAt(url));
      if (url === null || token === undefined || url.searchParams.has(PARAMETER)) return assetListUrl;
      url.searchParams.set(PARAMETER, token);
      return url.href.length > URL_CHARS_MAX ? assetListUrl : url.href;
    },
    heard: (assetListUrl, token) => {
      const url = addressOf(assetListUrl);
      if (url === null || token === null) return;
      const viewer = viewerAt(url);
      tokens.delete(viewer);
      tokens.set(viewer, token);
      const [oldest] = tokens.keys();
      if (tokens.size > VIEWERS_MAX && oldest !== undefined) tokens.delete(oldest);
    },
  };
}

/** Makes hls.js ask for asset lists with the viewer's history, after whatever the page itself sets up. */
export function sendHistory(config: Pick<HlsConfig, "xhrSetup">, history: ViewerHistory): void {
  const before = config.xhrSetup;
  config.xhrSetup = async (request, url, context) => {
    await before?.(request, url, context);
    const opened = request.readyState !== 0;
    if (context.type !== LoaderContextType.INTERSTITIAL_ASSET_LIST || opened) return;
    request.open("GET", history.carriedBy(url), true);
  };
}

/** Keeps the token that came with an asset list. */
export function keepHistory(answer: NullableNetworkDetails, history: ViewerHistory): void {
  if (answer === null) return;
  if ("headers" in answer) history.heard(answer.url, answer.headers.get(HEADER));
  else history.heard(answer.responseURL, answer.getResponseHeader(HEADER));
}

/** Whose history it is: the edge's, this publisher's, this viewer's. */
function viewerAt({ origin, searchParams }: URL): string {
  return JSON.stringify([origin, searchParams.get("pub"), searchParams.get("vid")]);
}

function addressOf(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
