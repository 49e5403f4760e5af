// Even out the pattern of occlusion and lamp shadows, 4x4 pixels, over neighbours of like depth.
uniform usampler2D u_open;

out uvec2 out_open;

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    ivec2 last = textureSize(u_open, 0) - 1;
    uint deep = texelFetch(u_open, pixel, 0).y;
    float depth = uintBitsToFloat(deep);
    float scale = 1.0 / (0.025 * depth + 0.01);
    vec4 total = vec4(0.0);
    float weights = 1e-4;
    for (int y = -2; y < 2; y++) {
        for (int x = -2; x < 2; x++) {
            ivec2 tap = clamp(pixel + ivec2(x, y), ivec2(0), last);
            uvec2 there = texelFetch(u_open, tap, 0).xy;
            float weight = max(0.0, 1.0 - abs(uintBitsToFloat(there.y) - depth) * scale);
            total += weight * shares(there.x);
            weights += weight;
        }
    }
    out_open = uvec2(packUnorm4x8(total / weights), deep);
}
