// Even out the pattern of occlusion and lamp shadows, 4x4 pixels, over neighbours of like depth.
uniform sampler2D u_open;
uniform sampler2D u_open_depth;

out vec4 out_open;

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    ivec2 last = textureSize(u_open, 0) - 1;
    float depth = texelFetch(u_open_depth, pixel, 0).r;
    float scale = 1.0 / (0.025 * depth + 0.01);
    vec4 total = vec4(0.0);
    float weights = 1e-4;
    for (int y = -2; y < 2; y++) {
        for (int x = -2; x < 2; x++) {
            ivec2 tap = clamp(pixel + ivec2(x, y), ivec2(0), last);
            float weight = max(0.0, 1.0 - abs(texelFetch(u_open_depth, tap, 0).r - depth) * scale);
            total += weight * texelFetch(u_open, tap, 0);
            weights += weight;
        }
    }
    out_open = total / weights;
}
