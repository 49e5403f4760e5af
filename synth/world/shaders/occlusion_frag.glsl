// Ambient occlusion from depth and normals: taps on a disc round the pixel; a tap hides the part of the
// hemisphere that its horizon takes (after the "scalable ambient obscurance" idea, McGuire et al. 2012).
uniform sampler2D u_normal_depth;
uniform vec4 u_intrinsics;  // fx, fy, cx, cy of the full picture
uniform mat3 u_world_to_camera;
uniform float u_radius_m;
uniform int u_scale;  // full-picture pixels in one of ours

out float out_visible;

const int TAPS = 9;

vec3 camera_point(ivec2 pixel, float depth) {
    return vec3((vec2(pixel) - u_intrinsics.zw) / u_intrinsics.xy * depth, depth);
}

void main() {
    ivec2 size = textureSize(u_normal_depth, 0);
    ivec2 small = ivec2(gl_FragCoord.xy);
    ivec2 pixel = min(small * u_scale, size - 1);
    vec4 here = texelFetch(u_normal_depth, pixel, 0);
    if (here.w <= 0.0) {
        out_visible = 1.0;
        return;
    }
    vec3 normal = u_world_to_camera * here.xyz;
    vec3 point = camera_point(pixel, here.w) + normal * (0.002 + 0.002 * here.w);
    float reach = clamp(u_radius_m * u_intrinsics.x / here.w, 3.0, 0.25 * float(size.y));
    // A 4x4 pattern of rotations, evened out by the blur of the same size.
    int cell = (small.x & 3) * 4 + (small.y & 3);
    float turn = float((cell * 7) & 15) * (6.2831853 / 16.0);
    float hidden = 0.0;
    for (int i = 0; i < TAPS; i++) {
        float share = (float(i) + 0.5) / float(TAPS);
        float angle = turn + 2.3999632 * float(i);
        ivec2 tap = pixel + ivec2(vec2(cos(angle), sin(angle)) * (reach * share * share + 1.0));
        if (any(lessThan(tap, ivec2(0))) || any(greaterThanEqual(tap, size))) continue;
        float depth = texelFetch(u_normal_depth, tap, 0).w;
        if (depth <= 0.0) continue;
        vec3 to_tap = camera_point(tap, depth) - point;
        float distance2 = dot(to_tap, to_tap);
        float fade = max(0.0, 1.0 - distance2 / (u_radius_m * u_radius_m));
        hidden += fade * max(0.0, dot(to_tap, normal) * inversesqrt(distance2 + 1e-6) - 0.08);
    }
    out_visible = clamp(1.0 - 2.8 * hidden / float(TAPS), 0.0, 1.0);
}
