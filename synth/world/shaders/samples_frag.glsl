// Smooth the pixels that hold samples of several things: each sample takes the colour of the neighbour that shows
// the same thing at the same depth (after subpixel reconstruction, Chajdas et al. 2011).
uniform sampler2D u_color;
uniform usampler2D u_surface;
uniform usampler2DMS u_keys;
uniform sampler2DMS u_depths;
uniform vec2 u_near_far;

out vec4 out_color;

float camera_depth(float stored) {
    float near = u_near_far.x, far = u_near_far.y;
    return 2.0 * near * far / (far + near - (2.0 * stored - 1.0) * (far - near));
}

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    ivec2 last = textureSize(u_color, 0) - 1;
    uint keys[9];
    float depths[9];
    vec3 colors[9];
    for (int j = 0; j < 9; j++) {
        int k = (j + 4) % 9;  // the pixel itself comes first
        ivec2 tap = clamp(pixel + ivec2(k % 3 - 1, k / 3 - 1), ivec2(0), last);
        uvec4 words = texelFetch(u_surface, tap, 0);
        keys[j] = words.x & THING_AND_PART;
        depths[j] = uintBitsToFloat(words.y);
        colors[j] = texelFetch(u_color, tap, 0).rgb;
    }
    vec3 total = vec3(0.0);
    for (int i = 0; i < 4; i++) {
        uint key = texelFetch(u_keys, pixel, i).x;
        float depth = camera_depth(texelFetch(u_depths, pixel, i).r);
        float best = 1e9;
        vec3 color = vec3(0.0);
        for (int j = 0; j < 9; j++) {
            float away = keys[j] == key ? 0.0 : 10.0;
            away += min(abs(depths[j] - depth) / depth, 5.0) * (key == 0u ? 0.0 : 1.0);
            away += j == 0 ? 0.0 : 0.004;
            bool better = away < best;
            best = better ? away : best;
            color = better ? colors[j] : color;
        }
        total += color;
    }
    out_color = vec4(0.25 * total, 1.0);
}
