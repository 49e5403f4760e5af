// Light on what the surface pass left, once a pixel; twice where the pixel's samples lie on different surfaces.
in vec2 v_ndc;

#if SAMPLES > 0
#define PICTURE sampler2DMS
#else
#define PICTURE sampler2D  // its third argument of texelFetch is the mipmap: 0
#endif
uniform PICTURE u_albedo;
uniform PICTURE u_normal;
uniform PICTURE u_depth;
uniform sampler2D u_sky;  // all round: u is azimuth, v the sine of elevation from -0.25 to 1
uniform mat3 u_ndc_to_world;
uniform vec2 u_near_far;

uniform vec3 u_eye;
uniform vec3 u_sun_direction;
uniform vec3 u_sun_light;  // zero: no sun
uniform vec3 u_sky_light;
uniform vec3 u_ground_light;
uniform vec4 u_fog;  // colour, extinction a metre

uniform sampler2D u_occlusion;
uniform sampler2DShadow u_near_shadow;
uniform sampler2DShadow u_far_shadow;
uniform sampler2DShadow u_lamp_shadow0;
uniform sampler2DShadow u_lamp_shadow1;
uniform mat4 u_near_matrix;
uniform mat4 u_far_matrix;
uniform mat4 u_lamp_matrix0;
uniform mat4 u_lamp_matrix1;
uniform vec2 u_shadow_bias_m;  // along the normal, in the near and the far map

uniform int u_lamps;
uniform vec4 u_lamp_place[4];  // position, radius
uniform vec4 u_lamp_light[4];  // irradiance at a metre, shadow map index or -1
uniform vec3 u_lamp_axis[4];   // zero: all ways

out vec4 out_color;

// Four taps, each filtered by the hardware over 2x2 texels, at the corners of a small square.
float shadow_taps(sampler2DShadow map, vec3 place, float spread) {
    float total = texture(map, place + vec3(-spread, -0.4 * spread, 0.0));
    total += texture(map, place + vec3(0.4 * spread, -spread, 0.0));
    total += texture(map, place + vec3(spread, 0.4 * spread, 0.0));
    total += texture(map, place + vec3(-0.4 * spread, spread, 0.0));
    return 0.25 * total;
}

struct Surface {
    vec3 albedo;
    vec3 normal;
    float wrap;
    float roughness;
    float specular;
};

bool outside(vec3 place) {
    return any(lessThan(place.xy, vec2(0.002))) || any(greaterThan(place.xy, vec2(0.998))) || place.z >= 1.0;
}

float sun_visible(vec3 world, vec3 normal) {
    vec3 near = (u_near_matrix * vec4(world + normal * u_shadow_bias_m.x, 1.0)).xyz;
    if (!outside(near)) return shadow_taps(u_near_shadow, near, 1.0 / float(textureSize(u_near_shadow, 0).x));
    vec3 far = (u_far_matrix * vec4(world + normal * u_shadow_bias_m.y, 1.0)).xyz;
    if (outside(far)) return 1.0;
    return shadow_taps(u_far_shadow, far, 1.0 / float(textureSize(u_far_shadow, 0).x));
}

float lamp_visible(int index, vec3 world, vec3 normal, float radius, float distance_m) {
    vec3 moved = world + normal * (0.01 + 0.012 * distance_m);  // the map's texels grow with the distance
    vec4 clip = (index == 0 ? u_lamp_matrix0 : u_lamp_matrix1) * vec4(moved, 1.0);
    if (clip.w <= 0.0) return 1.0;
    vec3 place = clip.xyz / clip.w;
    if (outside(place)) return 1.0;
    float spread = 0.02 * min(radius, 0.4);
    float visible = index == 0 ? shadow_taps(u_lamp_shadow0, place, spread) : shadow_taps(u_lamp_shadow1, place, spread);
    vec2 to_edge = abs(2.0 * place.xy - 1.0);  // beyond the map all is lit: no hard line there
    return mix(visible, 1.0, smoothstep(0.75, 1.0, max(to_edge.x, to_edge.y)));
}

// GGX distribution with Smith's visibility (height-correlated, approximate) and Schlick's Fresnel term.
float specular_lobe(Surface at, vec3 view, vec3 light, float n_view, float n_light) {
    vec3 middle = normalize(view + light);
    float n_middle = max(dot(at.normal, middle), 0.0);
    float alpha = at.roughness * at.roughness;
    float alpha2 = alpha * alpha;
    float spread = n_middle * n_middle * (alpha2 - 1.0) + 1.0;
    float distribution = alpha2 / (spread * spread);
    float visibility = 0.5 / mix(2.0 * n_light * n_view, n_light + n_view, alpha);
    float grazing = 1.0 - max(dot(view, middle), 0.0);
    float fresnel = at.specular + (1.0 - at.specular) * grazing * grazing * grazing * grazing * grazing;
    return min(distribution * visibility * fresnel * 0.25, 8.0);
}

vec3 ambient(vec3 direction) {
    return mix(u_ground_light, u_sky_light, 0.5 + 0.5 * direction.z);
}

vec3 direct(Surface at, vec3 view, float n_view, vec3 light, vec3 strength, float visible) {
    float facing = dot(at.normal, light);
    float n_light = max(facing, 0.0);
    float soft = max(0.0, (facing + at.wrap) / ((1.0 + at.wrap) * (1.0 + at.wrap)));
    vec3 diffuse = at.albedo * mix(vec3(n_light), vec3(soft), vec3(1.0, 0.55, 0.4));
    float shine = n_light > 0.0 ? specular_lobe(at, view, light, n_view, n_light) * n_light : 0.0;
    return strength * visible * (diffuse + shine);
}

vec3 shaded(Surface at, vec3 world, float depth, float open) {
    vec3 view = normalize(u_eye - world);
    float n_view = max(abs(dot(at.normal, view)), 0.05);
    // The environment's reflection: a plain rise towards grazing angles, less on rough things.
    float grazing = 1.0 - n_view;
    float rise = grazing * grazing * grazing * grazing;
    float reflected = at.specular + (1.0 - at.roughness) * (1.0 - at.specular) * rise;
    vec3 light = open * ambient(at.normal) * at.albedo;
    light += open * open * reflected * ambient(reflect(-view, at.normal));

    float contact = mix(0.5, 1.0, open);
    if (u_sun_light.g > 0.0 && dot(at.normal, u_sun_direction) > -at.wrap)
        light += direct(at, view, n_view, u_sun_direction, u_sun_light, contact * sun_visible(world, at.normal));
    for (int i = 0; i < u_lamps; i++) {
        vec3 offset = u_lamp_place[i].xyz - world;
        float radius = u_lamp_place[i].w;
        float distance2 = dot(offset, offset) + radius * radius;
        vec3 towards = normalize(offset);
        float axis_share = dot(u_lamp_axis[i], u_lamp_axis[i]) > 0.0 ? max(0.0, -dot(u_lamp_axis[i], towards)) : 1.0;
        float share = contact * axis_share / distance2;
        if (share * u_lamp_light[i].g < 1e-3 || dot(at.normal, towards) < -at.wrap) continue;
        int map = int(u_lamp_light[i].w);
        if (map >= 0) share *= lamp_visible(map, world, at.normal, radius, sqrt(distance2));
        light += direct(at, view, n_view, towards, u_lamp_light[i].rgb, share);
    }
    return tone(mix(light, u_fog.rgb, 1.0 - exp(-u_fog.a * depth)));
}

float camera_depth(float stored) {
    float near = u_near_far.x, far = u_near_far.y;
    return 2.0 * near * far / (far + near - (2.0 * stored - 1.0) * (far - near));
}

vec3 sample_color(ivec2 pixel, int index, vec3 ray, float open) {
    float stored = texelFetch(u_depth, pixel, index).r;
    if (stored >= 1.0) {
        vec3 unit = normalize(ray);
        vec2 uv = vec2(atan(unit.y, unit.x) / 6.2831853, (unit.z + 0.25) / 1.25);
        return tone(textureLod(u_sky, uv, 0.0).rgb);
    }
    vec4 albedo = texelFetch(u_albedo, pixel, index);
    vec4 normal = texelFetch(u_normal, pixel, index);
    float depth = camera_depth(stored);
    Surface at = Surface(albedo.rgb * albedo.rgb, normalize(normal.xyz), albedo.a, fract(normal.w), floor(normal.w) / 64.0);
    return shaded(at, u_eye + ray * depth, depth, open);
}

// How unlike two samples of a pixel are; below one they count as the same surface.
float unlike(ivec2 pixel, int a, int b) {
    float depth_a = camera_depth(texelFetch(u_depth, pixel, a).r);
    float depth_b = camera_depth(texelFetch(u_depth, pixel, b).r);
    vec3 color = abs(texelFetch(u_albedo, pixel, a).rgb - texelFetch(u_albedo, pixel, b).rgb);
    vec3 normal = texelFetch(u_normal, pixel, a).xyz - texelFetch(u_normal, pixel, b).xyz;
    return 30.0 * abs(depth_a - depth_b) / min(depth_a, depth_b) + 6.0 * max(color.r, max(color.g, color.b))
        + 2.0 * dot(normal, normal);
}

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    vec3 ray = u_ndc_to_world * vec3(v_ndc, 1.0);
    float open = texelFetch(u_occlusion, pixel, 0).r;
    vec3 color = sample_color(pixel, 0, ray, open);
#if SAMPLES > 0
    int other = 0;
    float most = 1.0;
    for (int i = 1; i < SAMPLES; i++) {
        float difference = unlike(pixel, 0, i);
        if (difference > most) {
            most = difference;
            other = i;
        }
    }
    if (other > 0) {
        float share = 0.0;
        for (int i = 1; i < SAMPLES; i++)
            if (i == other || unlike(pixel, other, i) < unlike(pixel, 0, i)) share += 1.0 / float(SAMPLES);
        color = mix(color, sample_color(pixel, other, ray, open), share);
    }
#endif
    out_color = vec4(color, 1.0);
}
