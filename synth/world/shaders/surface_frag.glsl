// What a surface is, before light falls on it.
in vec3 v_normal;
in vec2 v_uv;

uniform sampler2D u_albedo;
uniform vec3 u_color;
uniform float u_roughness;
uniform float u_specular;
uniform float u_wrap;
uniform float u_macro;

layout(location = 0) out vec4 out_albedo;  // square root of the linear colour, as 8 bits need; wrap
layout(location = 1) out vec4 out_normal;  // normal; roughness below 1 plus 64 times the specular reflectance

void main() {
    vec4 texel = texture(u_albedo, v_uv, -0.5);  // sharper than the rule: anisotropic filtering costs Mesa seconds
#ifdef ALPHA_TEST
    if (texel.a < 0.5) discard;
#endif
    vec3 albedo = texel.rgb * u_color;
    if (u_macro > 0.0) {
        // Twice, turned by odd angles, as the patches would repeat in rows themselves. The smallest mipmap is the mean.
        float patches = 0.5 * texture(u_albedo, mat2(0.83, 0.56, -0.56, 0.83) * v_uv * u_macro, 3.0).g
            + 0.5 * texture(u_albedo, mat2(0.34, -0.94, 0.94, 0.34) * v_uv * u_macro * 0.31, 3.0).g;
        albedo *= clamp(0.1 + 0.9 * patches / textureLod(u_albedo, v_uv, 16.0).g, 0.5, 1.6);
    }
    vec3 normal = normalize(v_normal);
#ifndef ALPHA_TEST  // cards of leaves and hair bring the normals of the round thing that they stand for
    normal = gl_FrontFacing ? normal : -normal;
#endif
    out_albedo = vec4(sqrt(albedo), u_wrap);
    out_normal = vec4(normal, min(u_roughness, 0.98) + floor(64.0 * u_specular + 0.5));
}
