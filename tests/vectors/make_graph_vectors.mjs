#!/usr/bin/env node
// make_graph_vectors.mjs - what TensorFlow.js makes of the face networks and real photographs, for tests/unit/test_graph.c
//
//     (cd fixtures/reference && npm ci --ignore-scripts) && fixtures/fetch.sh && tests/vectors/make_graph_vectors.mjs >tests/vectors/graph.txt
//
// No photograph stands in this tree, so a vector names the photograph, the square cut from it and the size that ffmpeg scales it to, and
// holds the SHA-256 of these pixels: where another ffmpeg scales otherwise, the test can tell. Of the outputs every n-th number is kept.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(join(root, 'fixtures/reference/package.json'));
const tf = require('@tensorflow/tfjs-core');
const { loadGraphModel } = require('@tensorflow/tfjs-converter');
require('@tensorflow/tfjs-backend-cpu');

const photographs = join(root, 'fixtures/node_modules/@vladmandic/face-api/demo');
const models = join(root, 'build/models');

// How a byte becomes what the network takes.
const range = {
  unit: (v) => Math.fround(v / 255),
  signed: (v) => Math.fround(Math.fround(v / 127.5) - 1),
  bytes: (v) => v,
};
// network, size, range, how many numbers make one that is kept
const networks = [
  ['blazeface', 256, 'signed', 13],
  ['facemesh', 192, 'unit', 5],
  ['iris', 64, 'unit', 1],
  ['faceres', 224, 'bytes', 5],
];
// What tells persons apart is shown clothes: no person's descriptor stands in this tree.
// photograph; left, top, side of the square for each network in the order above
const squares = [
  ['sample6.jpg', [[0, 0, 1500], [188, 468, 360], [384, 600, 72], [900, 900, 400]]],
  ['sample3.jpg', [[500, 0, 1300], [1012, 172, 360], [1200, 300, 80], [1000, 700, 400]]],
  ['sample5.jpg', [[500, 0, 1390], [1340, 340, 380], [1400, 480, 80], [1400, 800, 420]]],
];

async function load(name) {
  const json = JSON.parse(readFileSync(join(models, `${name}.json`)));
  const bin = Buffer.concat(json.weightsManifest.flatMap((g) => g.paths.map((p) => readFileSync(join(models, p)))));
  const model = await loadGraphModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest.flatMap((g) => g.weights),
      weightData: bin.buffer.slice(bin.byteOffset, bin.byteOffset + bin.length),
      format: json.format,
      signature: json.signature ?? json.userDefinedMetadata?.signature,
    }),
  });
  return { model, outputs: (json.signature ?? json.userDefinedMetadata.signature).outputs };
}

function pixels(photograph, [left, top, side], size) {
  return execFileSync('ffmpeg', [
    '-v', 'error', '-nostdin', '-i', join(photographs, photograph),
    '-vf', `crop=${side}:${side}:${left}:${top},scale=${size}:${size}:flags=area+accurate_rnd+bitexact,format=rgb24`,
    '-f', 'rawvideo', '-',
  ], { maxBuffer: 1 << 24 });
}

await tf.setBackend('cpu');
console.log(`# by tests/vectors/make_graph_vectors.mjs with TensorFlow.js ${tf.version_core}: case NETWORK RANGE SIZE PHOTOGRAPH LEFT TOP SIDE SHA-256`);
console.log('# output NAME LENGTH STEP, and then every STEP-th number');
for (const [index, [name, size, mode, step]] of networks.entries()) {
  const { model, outputs } = await load(name);
  for (const [photograph, square] of squares) {
    const rgb = pixels(photograph, square[index], size);
    const input = tf.tensor(Float32Array.from(rgb, range[mode]), [1, size, size, 3]);
    const sha = createHash('sha256').update(rgb).digest('hex');
    console.log(`case ${name} ${mode} ${size} ${photograph} ${square[index].join(' ')} ${sha}`);
    for (const [key, { name: node }] of Object.entries(outputs)) {
      const data = await model.execute(input, node.replace(/:0$/, '')).data();
      console.log(`output ${key.replace(/:0$/, '')} ${data.length} ${step}`);
      const kept = data.filter((_, i) => i % step === 0);
      for (let i = 0; i < kept.length; i += 12) console.log(Array.from(kept.slice(i, i + 12), (v) => v.toPrecision(7).replace(/(\.\d*?)0+($|e)/, '$1$2').replace(/\.($|e)/, '$1')).join(' '));
    }
  }
}
