// Smooth the pixels beside a jump in brightness: the edge's direction and length in the picture tell how much of the
// other side belongs to the pixel (after Lottes' FXAA 2009 and Jimenez et al.'s morphological search 2012).
uniform sampler2D u_color;  // its alpha is luma; filtered linearly

out vec4 out_color;

const int REACH = 8;  // pixels searched along an edge each way

float luma(vec2 at, vec2 texel) {
    return textureLod(u_color, at * texel, 0.0).a;
}

vec3 along_edge(vec2 center) {
    vec2 texel = 1.0 / vec2(textureSize(u_color, 0));
    vec4 here = textureLod(u_color, center * texel, 0.0);
    float n = luma(center + vec2(0, -1), texel), s = luma(center + vec2(0, 1), texel);
    float w = luma(center + vec2(-1, 0), texel), e = luma(center + vec2(1, 0), texel);
    float nw = luma(center + vec2(-1, -1), texel), ne = luma(center + vec2(1, -1), texel);
    float sw = luma(center + vec2(-1, 1), texel), se = luma(center + vec2(1, 1), texel);
    float across_v = abs(nw - sw) + 2.0 * abs(n - s) + abs(ne - se) + abs(n - here.a) + abs(s - here.a);
    float across_h = abs(nw - ne) + 2.0 * abs(w - e) + abs(sw - se) + abs(w - here.a) + abs(e - here.a);
    bool level = across_v >= across_h;  // the edge runs along the row
    float before = level ? n : w, after = level ? s : e;
    bool towards_before = abs(before - here.a) >= abs(after - here.a);
    float other = towards_before ? before : after;
    vec2 across = (level ? vec2(0, 1) : vec2(1, 0)) * (towards_before ? -1.0 : 1.0);
    vec2 along = level ? vec2(1, 0) : vec2(0, 1);
    float middle = 0.5 * (here.a + other);
    float limit = 0.25 * abs(here.a - other);
    // March half way between the two rows until the mean brightness changes: the edge ends there.
    vec2 line = center + 0.5 * across;
    float back = float(REACH), forth = float(REACH), back_end = 0.0, forth_end = 0.0;
    for (int i = 1; i <= REACH; i++) {
        float change = luma(line - along * float(i), texel) - middle;
        if (abs(change) >= limit) {
            back = float(i);
            back_end = change;
            break;
        }
    }
    for (int i = 1; i <= REACH; i++) {
        float change = luma(line + along * float(i), texel) - middle;
        if (abs(change) >= limit) {
            forth = float(i);
            forth_end = change;
            break;
        }
    }
    // At the nearer end, does the edge step to this side of the pixel or to the other?
    bool back_nearer = back < forth;
    float ending = back_nearer ? back_end : forth_end;
    bool steps_here = (ending < 0.0) != (here.a - middle < 0.0);
    float span = back + forth;
    float shift = steps_here ? max(0.0, 0.5 - (min(back, forth) - 0.5) / max(span - 1.0, 1.0)) : 0.0;
    // A lone pixel, too small to have an edge, takes some of what lies round it.
    float round_it = (2.0 * (n + s + w + e) + nw + ne + sw + se) / 12.0;
    float range = max(max(max(n, s), max(w, e)), here.a) - min(min(min(n, s), min(w, e)), here.a);
    float lone = clamp(abs(round_it - here.a) / max(range, 1e-3), 0.0, 1.0);
    lone = lone * lone * (3.0 - 2.0 * lone);
    shift = max(shift, 0.45 * lone * lone);
    return textureLod(u_color, (center + across * shift) * texel, 0.0).rgb;
}

void main() {
    out_color = vec4(along_edge(gl_FragCoord.xy), 1.0);
}
