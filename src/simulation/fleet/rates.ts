/**
 * What the objects of a fleet did within some time, counted as the platform bills it: calls, rows, alarms. One flush of
 * a wallet is one journal row, one of a ledger its document; setting an alarm is a row as well.
 */
import type { Fleet } from "./fleet.ts";

/** Counts a second. */
export interface FleetRates {
  readonly draws: number;
  /** Of the measured campaign: reports its ledger answered, documents it wrote. */
  readonly reports: number;
  readonly ledgerRows: number;
  /** Of all wallets together, and of the busiest: journal rows, alarms set, alarms that rang. */
  readonly walletRows: number;
  readonly alarmsSet: number;
  readonly alarmsRung: number;
  readonly busiestWalletRows: number;
}

/** Lets the fleet run and counts. */
export function countRates(fleet: Fleet, forMs: number): FleetRates {
  const before = counts(fleet);
  fleet.run(forMs);
  const after = counts(fleet);
  const perSec = (count: number): number => (count * 1_000) / forMs;
  const walletRows = after.wallets.map((rows, i) => rows - (before.wallets[i] ?? 0));
  return {
    draws: perSec(after.draws - before.draws),
    reports: perSec(after.reports - before.reports),
    ledgerRows: perSec(after.ledgerRows - before.ledgerRows),
    walletRows: perSec(after.rows - before.rows),
    alarmsSet: perSec(after.alarmsSet - before.alarmsSet),
    alarmsRung: perSec(after.alarmsRung - before.alarmsRung),
    busiestWalletRows: perSec(Math.max(...walletRows)),
  };
}

function counts(fleet: Fleet) {
  const { meter, ledgers, wallets, measured } = fleet;
  const sum = (of: (wallet: (typeof wallets)[number]) => number): number =>
    wallets.reduce((total, wallet) => total + of(wallet), 0);
  return {
    draws: meter.draws,
    reports: meter.of(measured).reports,
    ledgerRows: ledgers.get(measured)?.host.writes ?? 0,
    wallets: wallets.map((wallet) => fleet.rowsOf(wallet) + wallet.alarmsSet),
    rows: sum((wallet) => fleet.rowsOf(wallet)),
    alarmsSet: sum((wallet) => wallet.alarmsSet),
    alarmsRung: sum((wallet) => wallet.alarmsRung),
  };
}
