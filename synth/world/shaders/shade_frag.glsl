// Light on what the surface pass left, once a pixel. Mesa runs both sides of every branch: what a scene does not
// have is compiled out instead (SUN, LAMPS, SHADOW_LAMPS, SOFT_LAMPS, FOG, CATCHER).
in vec2 v_ndc;

uniform usampler2D u_surface;
uniform sampler2D u_looks;  // a column a look: (roughness, specular, wrap, emission), (sheen, scatter, strand, catcher)
uniform usampler2D u_open;  // bytes of what is near, of people, of what hides each lamp; depth; half the size
uniform mat3 u_ndc_to_world;
uniform vec3 u_eye;
uniform vec3 u_ambient[9];  // irradiance by direction, real spherical harmonics
uniform float u_white;  // mean irradiance: what emission is counted in

#ifdef SUN
uniform vec3 u_sun_direction;
uniform vec3 u_sun_light;
uniform sampler2DShadow u_near_shadow;   // people
uniform sampler2DShadow u_place_shadow;  // the place: its middle in the left half, all of it in the right
uniform mat4 u_near_matrix;
uniform mat4 u_middle_matrix;
uniform mat4 u_far_matrix;
uniform vec3 u_shadow_bias_m;    // along the normal, in the near, middle and far map
uniform vec3 u_shadow_spread;    // of the taps, in texture space
#endif

#ifdef LAMPS
uniform int u_lamps;
uniform int u_soft_lamps;  // those after them
uniform vec4 u_lamp_place[8];  // position, radius; those with shadow maps first, whose shadows come with u_open
uniform vec3 u_lamp_light[8];  // irradiance at a metre
uniform vec3 u_lamp_axis[8];   // zero: all ways
#endif

#ifdef FOG
uniform vec4 u_fog;  // colour, extinction a metre
#endif

out vec4 out_color;

struct Surface {
    vec3 albedo;
    vec3 normal;
    vec4 look;   // roughness, specular, wrap, emission
    vec4 cloth;  // sheen, scatter, strand, catcher
    vec3 strand;  // the way that hair hangs along the surface
};

bool outside(vec3 place) {
    return any(lessThan(place.xy, vec2(0.004))) || any(greaterThan(place.xy, vec2(0.996))) || place.z >= 1.0;
}

#ifdef SUN
// Two taps, each filtered by the hardware over 2x2 texels; two more changed 93 pixels of a sunny street by over 8 of 255.
float shadow_taps(sampler2DShadow map, vec3 place, vec2 spread) {
    float total = texture(map, place + vec3(-spread.x, -0.4 * spread.y, 0.0));
    total += texture(map, place + vec3(spread.x, 0.4 * spread.y, 0.0));
    return 0.5 * total;
}

float sun_visible(vec3 world, vec3 normal) {
    vec3 near = (u_near_matrix * vec4(world + normal * u_shadow_bias_m.x, 1.0)).xyz;
    float people = outside(near) ? 1.0 : shadow_taps(u_near_shadow, near, u_shadow_spread.xx);
    vec3 middle = (u_middle_matrix * vec4(world + normal * u_shadow_bias_m.y, 1.0)).xyz;
    vec3 far = (u_far_matrix * vec4(world + normal * u_shadow_bias_m.z, 1.0)).xyz;
    bool beyond = outside(middle);
    vec3 place = beyond ? vec3(0.5 + 0.5 * far.x, far.yz) : vec3(0.5 * middle.x, middle.yz);
    float spread = beyond ? u_shadow_spread.z : u_shadow_spread.y;
    float things = beyond && outside(far) ? 1.0 : shadow_taps(u_place_shadow, place, spread * vec2(0.5, 1.0));
    return min(people, things);
}
#endif

vec3 ambient(vec3 n) {
    return max(u_ambient[0] + u_ambient[1] * n.y + u_ambient[2] * n.z + u_ambient[3] * n.x
        + u_ambient[4] * (n.x * n.y) + u_ambient[5] * (n.y * n.z) + u_ambient[6] * (3.0 * n.z * n.z - 1.0)
        + u_ambient[7] * (n.x * n.z) + u_ambient[8] * (n.x * n.x - n.y * n.y), 0.0);
}

// GGX distribution with Smith's visibility (height-correlated, approximate) and Schlick's Fresnel term. Hair
// shines round its strands instead of its normal (after Kajiya and Kay 1989).
float specular_lobe(Surface at, vec3 view, vec3 light, float n_view, float n_light) {
    vec3 middle = normalize(view + light);
    float along = dot(at.strand, middle);
    float n_middle = mix(max(dot(at.normal, middle), 0.0), sqrt(max(1.0 - along * along, 0.0)), at.cloth.z);
    float alpha = at.look.x * at.look.x;
    float alpha2 = alpha * alpha;
    float spread = n_middle * n_middle * (alpha2 - 1.0) + 1.0;
    float distribution = alpha2 / (spread * spread);
    float visibility = 0.5 / mix(2.0 * n_light * n_view, n_light + n_view, alpha);
    float grazing = 1.0 - max(dot(view, middle), 0.0);
    float grazing2 = grazing * grazing;
    float fresnel = at.look.y + (1.0 - at.look.y) * grazing2 * grazing2 * grazing;
    return min(distribution * visibility * fresnel * 0.25, 8.0);
}

// Light from one direction. Under skin light creeps past the shadow's edge, red the farthest.
vec3 direct(Surface at, vec3 view, float n_view, float rim, vec3 light, vec3 strength, float visible) {
    float facing = dot(at.normal, light);
    float n_light = max(facing, 0.0);
    float wrap = at.look.z;
    float soft = max(0.0, (facing + wrap) / ((1.0 + wrap) * (1.0 + wrap)));
    vec3 reach = mix(vec3(1.0), vec3(1.0, 0.6, 0.5), at.cloth.y);
    vec3 diffuse = at.albedo * mix(vec3(n_light), vec3(soft), reach);
    float shine = n_light > 0.0 ? specular_lobe(at, view, light, n_view, n_light) * n_light : 0.0;
    float fuzz = at.cloth.x * rim * soft;
    vec3 through = mix(vec3(visible), vec3(sqrt(visible), visible, visible), 0.22 * at.cloth.y);
    return strength * (through * diffuse + visible * (shine + fuzz * (0.15 + at.albedo)));
}

vec3 shaded(Surface at, vec3 world, vec4 opens) {
    float open = opens.x;
    vec3 view = normalize(u_eye - world);
    float n_view = max(abs(dot(at.normal, view)), 0.05);
    float grazing = 1.0 - n_view;
    float rim = grazing * grazing * grazing;
    // Light that bounces in a fold takes the fold's colour: pale things stay lighter there than dark ones
    // (fit after Jimenez et al. 2016).
    vec3 a = 2.0404 * at.albedo - 0.3324, b = -4.7951 * at.albedo + 0.6417, c = 2.7552 * at.albedo + 0.6903;
    vec3 fold = max(vec3(open), ((open * a + b) * open + c) * open);
    vec3 around = opens.y * ambient(at.normal);
    // The environment's reflection: a plain rise towards grazing angles, less on rough things.
    float smooth_share = 1.0 - at.look.x;
    float reflected = at.look.y + smooth_share * (1.0 - at.look.y) * rim * grazing;
    vec3 light = fold * around * (at.albedo + at.cloth.x * rim * (0.1 + 0.5 * at.albedo));
    light += open * open * opens.y * reflected * ambient(reflect(-view, at.normal));

    float contact = mix(0.35, 1.0, open);
#ifdef SUN
    float sun = contact * sun_visible(world, at.normal);
    light += direct(at, view, n_view, rim, u_sun_direction, u_sun_light, sun);
#endif
#ifdef LAMPS
    for (int i = 0; i < u_lamps; i++) {
        vec3 offset = u_lamp_place[i].xyz - world;
        float distance2 = dot(offset, offset);
        vec3 towards = offset * inversesqrt(distance2);
        distance2 += u_lamp_place[i].w * u_lamp_place[i].w;
        vec3 axis = u_lamp_axis[i];
        float share = (dot(axis, axis) > 0.0 ? max(0.0, -dot(axis, towards)) : 1.0) / distance2;
        float visible = i < SHADOW_LAMPS ? contact * (i == 0 ? opens.z : opens.w) : open * opens.y;
        light += direct(at, view, n_view, rim, towards, u_lamp_light[i] * share, visible);
    }
#ifdef SOFT_LAMPS
    // The weaker lamps give light but no highlights: a room has many of them.
    for (int i = u_lamps; i < u_lamps + u_soft_lamps; i++) {
        vec3 offset = u_lamp_place[i].xyz - world;
        float distance2 = dot(offset, offset);
        vec3 towards = offset * inversesqrt(distance2);
        distance2 += u_lamp_place[i].w * u_lamp_place[i].w;
        vec3 axis = u_lamp_axis[i];
        float share = (dot(axis, axis) > 0.0 ? max(0.0, -dot(axis, towards)) : 1.0) / distance2;
        float soft = max(0.0, dot(at.normal, towards) + at.look.z) / (1.0 + at.look.z);
        light += (open * opens.y * share * soft) * u_lamp_light[i] * at.albedo;
    }
#endif
#endif
    return light;
}

// The share of its light that a ground keeps of which only the shadows are drawn.
float kept(Surface at, vec3 world, vec4 open) {
    at.albedo = vec3(0.5);
    at.look = vec4(1.0, 0.0, 0.0, 0.0);
    vec3 all_light = ambient(at.normal) * 0.5;
#ifdef SUN
    all_light += u_sun_light * max(dot(at.normal, u_sun_direction), 0.0) * 0.5;
#endif
    float full = max(all_light.g, 1e-4);
    return clamp(shaded(at, world, open).g / full, 0.0, 1.0);
}

// The half-size occlusion at a pixel, from those of its four neighbours that lie as deep.
vec4 open_at(ivec2 pixel, float depth) {
    ivec2 last = textureSize(u_open, 0) - 1;
    ivec2 low = pixel / 2;
    ivec2 odd = pixel & 1;
    float scale = 1.0 / (0.02 * depth + 0.01);
    vec4 total = vec4(0.0);
    float weights = 0.0;
    for (int i = 0; i < 4; i++) {
        ivec2 tap = min(low + ivec2(i & 1, i >> 1) * odd, last);
        uvec2 there = texelFetch(u_open, tap, 0).xy;
        float weight = max(1e-3, 1.0 - abs(uintBitsToFloat(there.y) - depth) * scale);
        total += weight * shares(there.x);
        weights += weight;
    }
    return total / weights;
}

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    uvec4 words = texelFetch(u_surface, pixel, 0);
    float depth = uintBitsToFloat(words.y);
    int look = int(words.x >> 24);
    Surface at;
    vec3 root = unpackUnorm4x8(words.w).rgb;
    at.albedo = root * root;
    at.normal = unfold(words.z);
    at.look = texelFetch(u_looks, ivec2(look, 0), 0);
    at.cloth = texelFetch(u_looks, ivec2(look, 1), 0);
    vec3 down = vec3(0.0, 0.0, -1.0) + at.normal * at.normal.z;
    at.strand = down * inversesqrt(dot(down, down) + 1e-4);
    vec3 world = u_eye + u_ndc_to_world * vec3(v_ndc, 1.0) * depth;
    vec4 open = open_at(pixel, depth);
    vec3 light = shaded(at, world, open) + at.look.w * u_white * at.albedo;
#ifdef FOG
    light = mix(light, u_fog.rgb, 1.0 - exp(-u_fog.a * depth));
#endif
#if CATCHER == 2  // a photograph
    vec3 behind = encode_srgb(photo_light(v_ndc) * kept(at, world, open));
    out_color = with_luma(mix(tone(light), behind, at.cloth.w));
#elif CATCHER == 1  // a panorama, photographed at a man's eye level above the place's middle
    vec3 behind = sky_light(vec3(world.xy, world.z - u_panorama_height_m));
    light = mix(light, behind * kept(at, world, open), at.cloth.w);
    out_color = with_luma(tone(light));
#else
    out_color = with_luma(tone(light));
#endif
}
