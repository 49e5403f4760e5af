// Babylon.js without a screen: skins a file's first animation on the CPU at the times given, in seconds.
// node skin.mjs IN.glb OUT.json 0 0.5 ...
import fs from 'node:fs';
import { NullEngine } from '@babylonjs/core/Engines/nullEngine.js';
import { Scene } from '@babylonjs/core/scene.js';
import { ImportMeshAsync } from '@babylonjs/core/Loading/sceneLoader.js';
import '@babylonjs/core/Animations/animatable.js';
import '@babylonjs/loaders/glTF/index.js';

const LOADER_FPS = 60; // what the loader counts an animation's frames in
const [, , input, output, ...times] = process.argv;
const scene = new Scene(new NullEngine());
scene.useRightHandedSystem = true;
const data = 'data:model/gltf-binary;base64,' + fs.readFileSync(input).toString('base64');
const loaded = await ImportMeshAsync(data, scene, {
  pluginExtension: '.glb',
  pluginOptions: { gltf: { skipMaterials: true, animationStartMode: 0 } },
});
const group = loaded.animationGroups[0];
group.start(false);
group.pause();
const frames = times.map((time) => {
  group.animatables.forEach((moving) => moving.goToFrame(Number(time) * LOADER_FPS));
  loaded.skeletons.forEach((skeleton) => skeleton.prepare(true));
  const meshes = {};
  for (const mesh of loaded.meshes) {
    if (mesh.getTotalVertices()) meshes[mesh.name] = Array.from(mesh.getPositionData(true, true));
  }
  const points = {};
  for (const node of loaded.transformNodes) {
    if (node.name.startsWith('marker_')) {
      node.computeWorldMatrix(true);
      points[node.name] = node.getAbsolutePosition().asArray();
    }
  }
  return { meshes, points };
});
fs.writeFileSync(output, JSON.stringify({ name: group.name, frames }));
process.exit(0);
