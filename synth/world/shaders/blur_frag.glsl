// Even out the occlusion's 4x4 pattern over neighbours of like depth.
uniform sampler2D u_occlusion;  // open, depth

out vec2 out_open_depth;

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    ivec2 last = textureSize(u_occlusion, 0) - 1;
    float depth = texelFetch(u_occlusion, pixel, 0).g;
    float scale = 1.0 / (0.025 * depth + 0.01);
    vec2 total = vec2(0.0, 1e-4);
    for (int y = -2; y < 2; y++) {
        for (int x = -2; x < 2; x++) {
            vec2 other = texelFetch(u_occlusion, clamp(pixel + ivec2(x, y), ivec2(0), last), 0).rg;
            float weight = max(0.0, 1.0 - abs(other.g - depth) * scale);
            total += weight * vec2(other.r, 1.0);
        }
    }
    out_open_depth = vec2(total.x / total.y, depth);
}
