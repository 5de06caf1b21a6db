/** `midroll models list` and `history`: where every set stands, how trials go, and who moved what, when and why. */
import { z } from "zod";
import { understand, type AdminClient } from "../admin_client.ts";
import { orderLines } from "./model_moves.ts";
import { askModels, lineSchema, short, showShare, type Line, type ModelsView, type SetView } from "./model_views.ts";
import { countOf, showMicros, showMoment, showTable, type Outcome } from "../outcome.ts";

/** Sets with state, readiness and exposure; with `verbose` their models and every retired set, too. */
export async function listModels(client: AdminClient, verbose: boolean): Promise<Outcome> {
  const view = await askModels(client);
  if (view.sets.length === 0) {
    return { json: view, lines: ["no model set: publish one with midroll models publish DIR"] };
  }
  const listed = view.sets.filter(({ standing, digest }) => verbose || standing !== "retired" || isWarm(view, digest));
  const hidden = view.sets.length - listed.length;
  const table = showTable(
    ["set", "standing", "ready at", "decided", "impressions", "spend", "note"],
    listed
      .toReversed()
      .map((set) => [
        short(set.digest),
        standingOf(view, set),
        `${set.readyAt} of ${set.heard}`,
        String(set.decisions),
        String(set.impressions),
        showMicros(set.spendMicros),
        set.note,
      ]),
    new Set([3, 4, 5]),
  );
  return {
    json: view,
    lines: [
      ...orderLines(view.order),
      "",
      ...table,
      ...(hidden > 0 ? [`and ${countOf(hidden, "retired set")}: --verbose shows them`] : []),
      ...listed.flatMap(exposureLines),
      ...listed.flatMap(failureLines),
      ...shadowLines(view),
      ...(verbose ? listed.flatMap(modelLines) : []),
    ],
  };
}

/** The newest moves first. */
export async function showRolloutHistory(client: AdminClient, limit: number): Promise<Outcome> {
  const path = `/v1/admin/rollout/history?limit=${limit}`;
  const { lines } = understand(client, path, z.object({ lines: z.array(lineSchema) }), await client.get(path));
  const rows = lines.map((line) => [showMoment(line.atMs), moveOf(line), line.by, line.why]);
  return {
    json: { lines },
    lines: lines.length === 0 ? ["nothing has moved yet"] : showTable(["when", "what", "who", "why"], rows),
  };
}

function moveOf({ kind, digest, from, to, sharePpm, replaced }: Line): string {
  if (digest === null) return kind;
  const share = sharePpm === null ? "" : ` ${showShare(sharePpm)}`;
  const instead = replaced === null ? "" : ` in place of ${short(replaced)}`;
  const way = kind === "register" ? "published" : `${from ?? "new"} → ${to ?? ""}${share}`;
  return `${kind === "rollback" ? "rollback: " : ""}${short(digest)} ${way}${instead}`;
}

function isWarm({ order }: ModelsView, digest: string): boolean {
  return order.warm.includes(digest);
}

function standingOf(view: ModelsView, { standing, sharePpm, digest }: SetView): string {
  if (sharePpm > 0) return `${standing} ${showShare(sharePpm)}`;
  return isWarm(view, digest) ? `${standing}, warm` : standing;
}

function exposureLines({ digest, exposure }: SetView): string[] {
  if (exposure === null) return [];
  const { cap, taken } = exposure;
  return [
    `exposure of ${short(digest)}: at most ${taken.impressions} of ${cap.impressions} impressions, ` +
      `${showMicros(taken.spendMicros)} of ${showMicros(cap.spendMicros)} of spend`,
  ];
}

function failureLines({ digest, failed }: SetView): string[] {
  return Object.entries(failed).map(
    ([reason, count]) => `${short(digest)} cannot be loaded at ${countOf(count, "isolate")}: ${reason}`,
  );
}

const figure = (value: number | null): string => (value === null ? "–" : value.toPrecision(3));

function shadowLines({ shadow }: ModelsView): string[] {
  if (shadow === null) return [];
  const rows = Object.entries(shadow.heads).map(([head, { count, meanApart, apartMax, correlation }]) => [
    head,
    String(count),
    figure(meanApart),
    figure(apartMax),
    figure(correlation),
  ]);
  return ["", ...showTable(["shadow beside live", "scores", "apart", "at most", "correlation"], rows, RIGHT)];
}

const RIGHT: ReadonlySet<number> = new Set([1, 2, 3, 4]);

function modelLines({ digest, gate, keyIds, publishedBy, publishedMs }: SetView): string[] {
  const rows = gate.models.map((model) => [
    model.name,
    String(model.rowCost),
    model.onKernel ? "kernel" : "ONNX runtime",
    model.goldenApart?.toExponential(1) ?? "–",
    model.digest.slice(0, 16),
  ]);
  return [
    "",
    `${digest}`,
    `  published ${showMoment(publishedMs)} by ${publishedBy}, signed by ${keyIds.join(", ")}, ${gate.checkedBy}`,
    ...showTable(
      ["  model", "row cost", "runs on", "golden rows", "digest"],
      rows.map(([name = "", ...rest]) => [`  ${name}`, ...rest]),
      new Set([1]),
    ),
  ];
}
