// The templates of the double: built step by step in real root file systems, and frozen when they are ready. RUN steps
// run as root in gVisor without a network: what they fetch from a mirror has to be in the image already, in which
// apt-get says yes to whatever it is asked for.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Snapshot } from '../../../src/drivers/driver.ts';
import { exec } from '../../../src/lib/exec.ts';
import { quoted } from '../../../src/lib/shell-word.ts';
import type { Machines } from './machines.ts';

const Step = z.object({
  type: z.string(),
  args: z.array(z.string()).default([]),
  filesHash: z.string().optional(),
  force: z.boolean().default(false),
});
export const BuildStart = z.object({
  fromImage: z.string().optional(),
  fromTemplate: z.string().optional(),
  force: z.boolean().default(false),
  steps: z.array(Step).default([]),
  startCmd: z.string().default(''),
  readyCmd: z.string().default(''),
});
export const TemplateRequest = z.object({
  name: z.string().max(128),
  cpuCount: z.number().int().min(1).default(2),
  memoryMB: z.number().int().min(128).default(1024),
});

export interface Template {
  templateID: string;
  buildID: string;
  names: string[];
  cpuCount: number;
  memoryMB: number;
  status: 'waiting' | 'building' | 'ready' | 'error';
  logs: string[];
  reason?: { message: string };
  snapshot?: Snapshot;
}

const APT = '#!/bin/sh\nexit 0\n';
const newId = () => randomBytes(10).toString('hex');

export class Templates {
  readonly #machines: Machines;
  readonly #folder: string;
  readonly #all = new Map<string, Template>();
  /** By their hashes, the archives that were put there. */
  readonly #files = new Map<string, string>();

  constructor(machines: Machines, folder: string) {
    this.#machines = machines;
    this.#folder = folder;
  }

  request({ name, cpuCount, memoryMB }: z.output<typeof TemplateRequest>): Template {
    const known = this.find(name);
    const template: Template = known ?? {
      ...{ templateID: newId(), buildID: '', names: [name], cpuCount, memoryMB, status: 'waiting', logs: [] },
    };
    Object.assign(template, { buildID: newId(), status: 'waiting', logs: [] });
    this.#all.set(template.templateID, template);
    return template;
  }

  /** By its id or one of its names, with a tag or without. */
  find(name: string): Template | undefined {
    const [bare = ''] = name.split(':');
    return this.#all.get(bare) ?? [...this.#all.values()].find(({ names }) => names.includes(bare));
  }

  /** One that somebody has made by other means. */
  async add(name: string, startCommand: string, readyCommand: string): Promise<Template> {
    const template = this.request(TemplateRequest.parse({ name }));
    template.snapshot = await this.#machines.template(this.#machines.image, startCommand, readyCommand);
    template.status = 'ready';
    return template;
  }

  hasFiles = (hash: string): boolean => this.#files.has(hash);

  async putFiles(hash: string, archive: Uint8Array): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, createHash('sha256').update(hash).digest('hex'));
    await writeFile(path, archive);
    this.#files.set(hash, path);
  }

  build(template: Template, asked: z.output<typeof BuildStart>): void {
    template.status = 'building';
    this.#run(template, asked).then(
      () => {
        template.status = 'ready';
      },
      (error: Error) => {
        Object.assign(template, { status: 'error', reason: { message: error.message } });
      },
    );
  }

  async #run(template: Template, asked: z.output<typeof BuildStart>): Promise<void> {
    const { fromImage, steps, startCmd, readyCmd } = asked;
    const image = await this.#machines.changed(JSON.stringify([fromImage, steps]), async (rootfs) => {
      // The image that is asked for has nothing of Seed in it.
      await rm(join(rootfs, 'opt/seed'), { recursive: true, force: true });
      await writeFile(join(rootfs, 'usr/bin/apt-get'), APT, { mode: 0o755 });
      for (const { type, args, filesHash = '' } of steps) {
        template.logs.push(`${type} ${args.join(' ')}`.slice(0, 200));
        if (type === 'COPY') await this.#copy(rootfs, args, filesHash);
        else if (type === 'RUN') await this.#machines.run(rootfs, args[0] ?? '');
        else if (!['USER', 'WORKDIR', 'ENV'].includes(type)) throw new Error(`there is no step ${type}`);
      }
    });
    template.snapshot = await this.#machines.template(image, startCmd, readyCmd);
  }

  /** The archive is unpacked, and what the source names in it is put where the target says. */
  async #copy(rootfs: string, [source = '', target = '']: string[], filesHash: string): Promise<void> {
    const archive = this.#files.get(filesHash);
    if (archive === undefined) throw new Error(`there are no files with the hash ${filesHash}`);
    const folder = await mkdtemp(join(this.#folder, 'files-'));
    await exec('tar', ['-xzf', archive, '-C', folder]);
    const to = join(rootfs, target);
    await mkdir(target.endsWith('/') ? to : join(to, '..'), { recursive: true });
    await exec('/bin/sh', [
      '-c',
      `cp -a ${quoted(join(folder, source))}/. ${quoted(to)} 2>/dev/null || cp -a ${quoted(join(folder, source))} ${quoted(to)}`,
    ]);
    await rm(folder, { recursive: true });
  }
}
