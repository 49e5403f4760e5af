in vec3 v_world;
in vec3 v_normal;
in vec2 v_uv;
in float v_depth;

uniform sampler2D u_albedo;
uniform vec3 u_color;
uniform float u_roughness;
uniform float u_specular;
uniform float u_wrap;
uniform float u_macro;

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

bool outside(vec3 place) {
    return any(lessThan(place.xy, vec2(0.002))) || any(greaterThan(place.xy, vec2(0.998))) || place.z >= 1.0;
}

float sun_visible(vec3 normal) {
    vec3 near = (u_near_matrix * vec4(v_world + normal * u_shadow_bias_m.x, 1.0)).xyz;
    if (!outside(near)) return shadow_taps(u_near_shadow, near, 1.0 / float(textureSize(u_near_shadow, 0).x));
    vec3 far = (u_far_matrix * vec4(v_world + normal * u_shadow_bias_m.y, 1.0)).xyz;
    if (outside(far)) return 1.0;
    return shadow_taps(u_far_shadow, far, 1.0 / float(textureSize(u_far_shadow, 0).x));
}

float lamp_visible(int index, vec3 normal, float radius) {
    vec3 moved = v_world + normal * 0.03;
    vec4 clip = (index == 0 ? u_lamp_matrix0 : u_lamp_matrix1) * vec4(moved, 1.0);
    if (clip.w <= 0.0) return 1.0;
    vec3 place = clip.xyz / clip.w;
    if (outside(place)) return 1.0;
    float spread = 0.03 * min(radius, 0.3);
    return index == 0 ? shadow_taps(u_lamp_shadow0, place, spread) : shadow_taps(u_lamp_shadow1, place, spread);
}

// GGX distribution with Smith's visibility (height-correlated, approximate) and Schlick's Fresnel term.
float specular_lobe(vec3 normal, vec3 view, vec3 light, float n_view, float n_light) {
    vec3 middle = normalize(view + light);
    float n_middle = max(dot(normal, middle), 0.0);
    float alpha = u_roughness * u_roughness;
    float alpha2 = alpha * alpha;
    float spread = n_middle * n_middle * (alpha2 - 1.0) + 1.0;
    float distribution = alpha2 / (spread * spread);
    float visibility = 0.5 / mix(2.0 * n_light * n_view, n_light + n_view, alpha);
    float grazing = 1.0 - max(dot(view, middle), 0.0);
    float fresnel = u_specular + (1.0 - u_specular) * grazing * grazing * grazing * grazing * grazing;
    return min(distribution * visibility * fresnel * 0.25, 8.0);
}

vec3 ambient(vec3 direction) {
    return mix(u_ground_light, u_sky_light, 0.5 + 0.5 * direction.z);
}

vec3 direct(vec3 albedo, vec3 normal, vec3 view, float n_view, vec3 light, vec3 strength, float visible) {
    float facing = dot(normal, light);
    float n_light = max(facing, 0.0);
    float soft = max(0.0, (facing + u_wrap) / ((1.0 + u_wrap) * (1.0 + u_wrap)));
    vec3 diffuse = albedo * mix(vec3(n_light), vec3(soft), vec3(1.0, 0.55, 0.4));
    float shine = n_light > 0.0 ? specular_lobe(normal, view, light, n_view, n_light) * n_light : 0.0;
    return strength * visible * (diffuse + shine);
}

void main() {
    vec4 texel = texture(u_albedo, v_uv, -0.5);  // sharper than the rule: anisotropic filtering costs Mesa seconds
    vec3 albedo = texel.rgb * u_color;
    if (u_macro > 0.0)  // the smallest mipmap is the mean
        albedo *= clamp(0.25 + 0.75 * texture(u_albedo, v_uv * u_macro, 3.5).g / textureLod(u_albedo, v_uv, 16.0).g, 0.5, 1.6);
    vec3 normal = normalize(v_normal);
#ifndef ALPHA_TEST  // cards of leaves and hair bring the normals of the round thing that they stand for
    normal = gl_FrontFacing ? normal : -normal;
#endif
    vec3 view = normalize(u_eye - v_world);
    float n_view = max(abs(dot(normal, view)), 0.05);
    float open = texelFetch(u_occlusion, ivec2(gl_FragCoord.xy), 0).r;

    // Karis' analytic fit of the environment's reflection (2014), in two terms.
    float grazing = 1.0 - n_view;
    float reflect_share = u_specular + (1.0 - u_roughness) * (1.0 - u_specular) * grazing * grazing * grazing * grazing;
    vec3 light = open * ambient(normal) * albedo;
    light += open * open * reflect_share * ambient(reflect(-view, normal));

    float contact = mix(0.6, 1.0, open);
    if (u_sun_light.g > 0.0 && dot(normal, u_sun_direction) > -u_wrap)
        light += direct(albedo, normal, view, n_view, u_sun_direction, u_sun_light, contact * sun_visible(normal));
    for (int i = 0; i < u_lamps; i++) {
        vec3 offset = u_lamp_place[i].xyz - v_world;
        float radius = u_lamp_place[i].w;
        float distance2 = dot(offset, offset) + radius * radius;
        vec3 towards = normalize(offset);
        float axis_share = dot(u_lamp_axis[i], u_lamp_axis[i]) > 0.0 ? max(0.0, -dot(u_lamp_axis[i], towards)) : 1.0;
        float share = contact * axis_share / distance2;
        if (share * u_lamp_light[i].g < 1e-3 || dot(normal, towards) < -u_wrap) continue;
        int map = int(u_lamp_light[i].w);
        if (map >= 0) share *= lamp_visible(map, normal, radius);
        light += direct(albedo, normal, view, n_view, towards, u_lamp_light[i].rgb, share);
    }
    float haze = 1.0 - exp(-u_fog.a * v_depth);
    out_color = vec4(tone(mix(light, u_fog.rgb, haze)), 1.0);
}
