/**
 * Brings activity reports from the queue to the Activity object. A message that is no report is counted and dropped, so
 * it can never block the queue; when the object does not answer, the good ones come again, and count once all the same.
 */
import type { ActivityReport } from "../../../src/telemetry/activity.ts";
import { parseActivityReport } from "../../../src/telemetry/activity_report.ts";
import type { OriginEnv } from "../env.ts";
import { logFailure } from "../../platform/log.ts";

const RETRY_SEC = 5;

/** Takes one batch. Every message is either acknowledged or asked for again. */
export async function takeReports(batch: MessageBatch<unknown>, env: Pick<OriginEnv, "ACTIVITY">): Promise<void> {
  const reports: ActivityReport[] = [];
  const good: Message<unknown>[] = [];
  let badReports = 0;
  for (const message of batch.messages) {
    const report = parseActivityReport(message.body);
    if (report.ok) {
      reports.push(report.value);
      good.push(message);
    } else {
      badReports++;
      message.ack();
    }
  }
  try {
    await env.ACTIVITY.getByName("live").record({ reports, badReports });
    for (const message of good) message.ack();
  } catch (failure) {
    logFailure("origin", "activity_unavailable", failure);
    for (const message of good) message.retry({ delaySeconds: RETRY_SEC });
  }
}
