// Ambient occlusion from depth and normals: taps on a disc round the pixel; a tap hides the part of the
// hemisphere that its horizon takes (after the "scalable ambient obscurance" idea, McGuire et al. 2012).
// Odd taps look for what touches (feet on a floor, an arm on a body), even ones for corners of a room. What
// people hide of the light from all round reaches farther than taps do: limbs count as balls for that. The lamps'
// shadows are soft, and come along.
uniform usampler2D u_surface;
uniform vec3 u_ray_x;  // camera x at depth 1 of a full pixel: dot(u_ray_x, vec3(pixel, 1)); so y
uniform vec3 u_ray_y;
uniform float u_focal;  // pixels
uniform mat3 u_world_to_camera;
uniform vec2 u_radius_m;  // wide, contact
uniform int u_scale;  // full-picture pixels in one of ours
uniform int u_balls;
uniform vec4 u_ball[32];  // centre in camera space, radius
uniform float u_ball_thing[32];  // whose it is: nobody shadows himself with it

#if SHADOW_LAMPS > 0
uniform sampler2DShadow u_lamp_shadow0;
uniform sampler2DShadow u_lamp_shadow1;
uniform mat4 u_lamp_matrix0;  // from camera space to the map
uniform mat4 u_lamp_matrix1;
uniform vec4 u_shadow_lamp[2];  // place in camera space, radius
#endif

// Open of what is near, of people, of what hides the first lamp, the second, a byte each; and the depth's bits.
out uvec2 out_open;

vec3 camera_point(ivec2 pixel, float depth) {
    vec3 at = vec3(vec2(pixel), 1.0);
    return vec3(dot(u_ray_x, at), dot(u_ray_y, at), 1.0) * depth;
}

#if SHADOW_LAMPS > 0
// Four taps, each filtered by the hardware over 2x2 texels, turned by the pattern that the blur evens out.
float lamp_visible(sampler2DShadow map, mat4 matrix, vec3 point, vec3 normal, vec4 lamp, vec2 turned) {
    float distance_m = length(lamp.xyz - point);
    vec4 clip = matrix * vec4(point + normal * (0.01 + 0.014 * distance_m), 1.0);  // texels grow with the distance
    vec3 place = clip.xyz / clip.w;
    vec2 spread = turned * (0.025 * min(lamp.w, 0.5) + 0.002);
    vec2 across = vec2(-spread.y, spread.x);
    float visible = texture(map, place + vec3(spread, 0.0)) + texture(map, place - vec3(spread, 0.0));
    visible += texture(map, place + vec3(0.5 * across, 0.0)) + texture(map, place - vec3(0.5 * across, 0.0));
    vec2 to_edge = abs(2.0 * place.xy - 1.0);  // beyond the map all is lit: no hard line there
    visible = mix(0.25 * visible, 1.0, smoothstep(0.75, 1.0, max(to_edge.x, to_edge.y)));
    return clip.w <= 0.0 || place.z >= 1.0 ? 1.0 : visible;
}
#endif

void main() {
    ivec2 last = textureSize(u_surface, 0) - 1;
    ivec2 small = ivec2(gl_FragCoord.xy);
    ivec2 pixel = min(small * u_scale, last);
    uvec4 words = texelFetch(u_surface, pixel, 0);
    float here = uintBitsToFloat(words.y);
    vec3 normal = u_world_to_camera * unfold(words.z);
    vec3 surface = camera_point(pixel, here);
    vec3 point = surface + normal * (0.002 + 0.0015 * here);
    vec2 reach = clamp(u_radius_m * u_focal / max(here, 0.05), vec2(4.0, 2.5), vec2(0.3, 0.12) * float(last.y));
    // A 4x4 pattern of rotations, evened out by the blur of the same size.
    int cell = (small.x & 3) * 4 + (small.y & 3);
    float turn = float((cell * 7) & 15) * (6.2831853 / 16.0);
    vec2 hidden = vec2(0.0);
    vec2 turned = vec2(cos(turn), sin(turn));
    vec2 way = turned;
    for (int i = 0; i < TAPS; i++) {
        float share = (float(i) + 0.5) / float(TAPS);
        way = mat2(-0.73736888, 0.67549029, -0.67549029, -0.73736888) * way;  // on by the golden angle
        bool near = (i & 1) == 1;
        float radius = near ? u_radius_m.y : u_radius_m.x;
        float step_px = 1.0 + (near ? reach.y * share : reach.x * share * sqrt(share));
        ivec2 tap = pixel + ivec2(way * step_px);
        bool seen = all(equal(tap, clamp(tap, ivec2(0), last)));
        float depth = uintBitsToFloat(texelFetch(u_surface, clamp(tap, ivec2(0), last), 0).y);
        vec3 to_tap = camera_point(tap, depth) - point;
        float distance2 = dot(to_tap, to_tap);
        float fade = max(0.0, 1.0 - distance2 / (radius * radius));
        float horizon = max(0.0, dot(to_tap, normal) * inversesqrt(distance2 + 1e-6) - 0.06);
        float part = seen && depth > 0.0 ? fade * horizon : 0.0;
        hidden += near ? vec2(0.0, part) : vec2(part, 0.0);
    }
    vec2 open = clamp(1.0 - vec2(2.8, 3.6) * hidden / (0.5 * float(TAPS)), 0.0, 1.0);
    float own = float(words.x & 0xFFFFu);
    float of_people = 1.0;
    for (int i = 0; i < u_balls; i++) {
        vec3 offset = u_ball[i].xyz - point;
        float radius2 = u_ball[i].w * u_ball[i].w;
        float distance2 = max(dot(offset, offset), radius2);
        // The share of a facing plane's light that a ball takes: the cosine times the ball's share of the sky.
        float taken = max(0.0, dot(offset, normal) * inversesqrt(distance2)) * radius2 / distance2;
        of_people *= own == u_ball_thing[i] ? 1.0 : 1.0 - min(1.4 * taken, 0.9);
    }
    vec2 lamps = vec2(1.0);
#if SHADOW_LAMPS > 0
    lamps.x = lamp_visible(u_lamp_shadow0, u_lamp_matrix0, surface, normal, u_shadow_lamp[0], turned);
#endif
#if SHADOW_LAMPS > 1
    lamps.y = lamp_visible(u_lamp_shadow1, u_lamp_matrix1, surface, normal, u_shadow_lamp[1], turned);
#endif
    vec4 opens = vec4(here > 0.0 ? open.x * open.y : 1.0, of_people, lamps);
    out_open = uvec2(packUnorm4x8(opens), floatBitsToUint(here));
}
