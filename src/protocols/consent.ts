/**
 * The laws' signals of one request, reduced to the two things that Midroll asks: may the ad be personal, and may
 * anything of the viewer be stored or read. Signals are read here and go no further: they are not kept and not logged.
 */
import type { Viewer } from "./break_request.ts";
import { readEuropean, readGpp, readUsPrivacy, strictest, type PrivacyChoice } from "./gpp_consent.ts";

/** The signals as a door spelled them. Null and empty: not said. */
export interface PrivacySignals {
  /** Whether the GDPR applies. */
  readonly gdpr: boolean | null;
  /** TCF consent string. */
  readonly gdprConsent: string | null;
  /** `us_privacy` string. */
  readonly usPrivacy: string | null;
  readonly gpp: string | null;
  /** Sections of the GPP string that apply; NaN for one that is not a number. */
  readonly gppSections: readonly number[];
  /** Whether the viewer is a child under COPPA. */
  readonly coppa: boolean;
}

/** No signal at all. */
export const NO_SIGNALS: PrivacySignals = {
  gdpr: null,
  gdprConsent: null,
  usPrivacy: null,
  gpp: null,
  gppSections: [],
  coppa: false,
};

/** A child's data is not used, whatever else was said. */
const CHILD: PrivacyChoice = { personal: false, limited: true };

/**
 * What all signals come to together; the strictest holds. A law that asks for consent and was given none, and a signal
 * that cannot be read, agree to nothing. `vendorId`: our number in the TCF's vendor list, or null.
 */
export function viewerConsent(
  signals: PrivacySignals,
  vendorId: number | null,
): Pick<Viewer, "consent" | "limitAdTracking"> {
  const choices: PrivacyChoice[] = [];
  if (signals.coppa) choices.push(CHILD);
  const european = signals.gdpr ?? signals.gdprConsent !== null;
  if (european) choices.push(readEuropean(signals.gdprConsent, vendorId));
  if (signals.usPrivacy !== null) choices.push(readUsPrivacy(signals.usPrivacy));
  if (signals.gpp !== null) choices.push(readGpp(signals.gpp, signals.gppSections, vendorId));
  const { personal, limited } = strictest(choices);
  return { consent: personal, limitAdTracking: limited };
}
