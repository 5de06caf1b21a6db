/** A Chromium with WebGPU, without a window, and the device page in it. */
import { chromium, type Browser, type Page } from "playwright-core";
import type { Adapter, Provider } from "./page/scoring.ts";
import { CHROMIUM_FLAGS } from "../scripts/find_chromium.ts";
import { servePage } from "./page_server.ts";

const FLAGS = [...CHROMIUM_FLAGS, "--enable-unsafe-webgpu", "--enable-features=Vulkan"];
/** A program that computes as a GPU would: slow, but there on every machine. */
const SOFTWARE = "--use-webgpu-adapter=swiftshader";

/** The page, open: what it offers, asked from here. */
export interface OpenPage {
  readonly page: Page;
  /** Null: this browser has no adapter at all. */
  readonly adapter: Adapter | null;
  /** As `DevicePage` of the page. */
  parity(rows: number): Promise<Readonly<Record<string, number>>>;
  time(provider: Provider, rows: number, times: number): Promise<number>;
  close(): Promise<void>;
}

/** Opens the page on a GPU, else on a software adapter. `modelsDir`: as `servePage` takes it. */
export async function openDevicePage(executablePath: string, modelsDir: string): Promise<OpenPage> {
  const server = await servePage(modelsDir);
  let browser: Browser | null = null;
  try {
    for (const flags of [FLAGS, [...FLAGS, SOFTWARE]]) {
      await browser?.close();
      browser = await chromium.launch({ executablePath, args: flags });
      const page = await browser.newPage();
      await page.goto(server.url);
      await page.waitForFunction('"devicePage" in window');
      const adapter = await page.evaluate<Adapter | null>("window.devicePage.adapter()");
      if (adapter !== null || flags !== FLAGS) return opened(page, adapter, closing(browser, server.stop));
    }
    throw new Error("one of the two launches has been returned");
  } catch (error) {
    await closing(browser, server.stop)();
    throw error;
  }
}

function opened(page: Page, adapter: Adapter | null, close: () => Promise<void>): OpenPage {
  return {
    page,
    adapter,
    parity: (rows) => page.evaluate<Readonly<Record<string, number>>>(`window.devicePage.parity(${rows})`),
    time: (provider, rows, times) => page.evaluate<number>(`window.devicePage.time("${provider}", ${rows}, ${times})`),
    close,
  };
}

function closing(browser: Browser | null, stopServer: () => Promise<void>): () => Promise<void> {
  return async () => {
    await browser?.close();
    await stopServer();
  };
}
