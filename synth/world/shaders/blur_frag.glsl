// Average a 4x4 block of the small occlusion picture for each full pixel, over taps of like depth only.
uniform sampler2D u_normal_depth;
uniform sampler2D u_occlusion;
uniform int u_scale;

out float out_visible;

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    ivec2 last = textureSize(u_occlusion, 0) - 1;
    ivec2 full_last = textureSize(u_normal_depth, 0) - 1;
    float depth = texelFetch(u_normal_depth, pixel, 0).w;
    if (depth <= 0.0) {
        out_visible = 1.0;
        return;
    }
    ivec2 start = pixel / u_scale - ivec2(2) + (pixel & (u_scale - 1));
    float total = 0.0;
    float weights = 1e-4;
    for (int y = 0; y < 4; y++) {
        for (int x = 0; x < 4; x++) {
            ivec2 tap = clamp(start + ivec2(x, y), ivec2(0), last);
            float other = texelFetch(u_normal_depth, min(tap * u_scale, full_last), 0).w;
            float weight = max(0.0, 1.0 - abs(other - depth) / (0.03 * depth + 0.01));
            total += weight * texelFetch(u_occlusion, tap, 0).r;
            weights += weight;
        }
    }
    out_visible = weights > 0.01 ? total / weights : 1.0;
}
