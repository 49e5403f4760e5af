// Ambient occlusion from depth and normals: taps on a disc round the pixel; a tap hides the part of the
// hemisphere that its horizon takes (after the "scalable ambient obscurance" idea, McGuire et al. 2012).
// Odd taps look for what touches (feet on a floor, an arm on a body), even ones for corners of a room.
uniform usampler2D u_surface;
uniform vec4 u_intrinsics;  // fx, fy, cx, cy of the full picture
uniform mat3 u_world_to_camera;
uniform vec2 u_radius_m;  // wide, contact
uniform int u_scale;  // full-picture pixels in one of ours

out vec2 out_open_depth;

vec3 camera_point(ivec2 pixel, float depth) {
    return vec3((vec2(pixel) - u_intrinsics.zw) / u_intrinsics.xy * depth, depth);
}

void main() {
    ivec2 last = textureSize(u_surface, 0) - 1;
    ivec2 small = ivec2(gl_FragCoord.xy);
    ivec2 pixel = min(small * u_scale, last);
    uvec4 words = texelFetch(u_surface, pixel, 0);
    float here = uintBitsToFloat(words.y);
    vec3 normal = u_world_to_camera * unfold(words.z);
    vec3 point = camera_point(pixel, here) + normal * (0.002 + 0.0015 * here);
    vec2 reach = clamp(u_radius_m * u_intrinsics.x / max(here, 0.05), vec2(4.0, 2.5), vec2(0.3, 0.12) * float(last.y));
    // A 4x4 pattern of rotations, evened out by the blur of the same size.
    int cell = (small.x & 3) * 4 + (small.y & 3);
    float turn = float((cell * 7) & 15) * (6.2831853 / 16.0);
    vec2 hidden = vec2(0.0);
    for (int i = 0; i < TAPS; i++) {
        float share = (float(i) + 0.5) / float(TAPS);
        float angle = turn + 2.3999632 * float(i);
        bool near = (i & 1) == 1;
        float radius = near ? u_radius_m.y : u_radius_m.x;
        float step_px = 1.0 + (near ? reach.y * share : reach.x * share * sqrt(share));
        ivec2 tap = pixel + ivec2(vec2(cos(angle), sin(angle)) * step_px);
        bool seen = all(equal(tap, clamp(tap, ivec2(0), last)));
        float depth = uintBitsToFloat(texelFetch(u_surface, clamp(tap, ivec2(0), last), 0).y);
        vec3 to_tap = camera_point(tap, depth) - point;
        float distance2 = dot(to_tap, to_tap);
        float fade = max(0.0, 1.0 - distance2 / (radius * radius));
        float horizon = max(0.0, dot(to_tap, normal) * inversesqrt(distance2 + 1e-6) - 0.06);
        float part = seen && depth > 0.0 ? fade * horizon : 0.0;
        hidden += near ? vec2(0.0, part) : vec2(part, 0.0);
    }
    vec2 open = clamp(1.0 - vec2(2.6, 2.2) * hidden / (0.5 * float(TAPS)), 0.0, 1.0);
    out_open_depth = vec2(here > 0.0 ? open.x * open.y : 1.0, here);
}
