// What a surface is, before light falls on it.
in vec3 v_normal;
in vec2 v_uv;
in float v_depth;
flat in float v_part;
#ifdef MACRO
flat in float v_mean;
#endif

uniform sampler2D u_albedo;
uniform vec3 u_color;
uniform float u_macro;
uniform uint u_thing;
uniform uint u_look;

layout(location = 0) out uvec4 out_surface;

void main() {
    vec4 texel = texture(u_albedo, v_uv, -0.5);  // sharper than the rule: anisotropic filtering costs Mesa seconds
#ifdef ALPHA_TEST
    if (texel.a < 0.5) discard;
#endif
    vec3 albedo = texel.rgb * u_color;
#ifdef MACRO
    // Twice, turned by odd angles, as the patches would repeat in rows themselves.
    float patches = 0.5 * texture(u_albedo, mat2(0.83, 0.56, -0.56, 0.83) * v_uv * u_macro, 3.0).g
        + 0.5 * texture(u_albedo, mat2(0.34, -0.94, 0.94, 0.34) * v_uv * u_macro * 0.31, 3.0).g;
    albedo *= clamp(0.1 + 0.9 * patches / v_mean, 0.5, 1.6);
#endif
    vec3 normal = normalize(v_normal);
#ifndef ALPHA_TEST  // cards of leaves and hair bring the normals of the round thing that they stand for
    normal = gl_FrontFacing ? normal : -normal;
#endif
    out_surface = uvec4(
        u_thing | uint(v_part) << 16 | u_look << 24,
        floatBitsToUint(v_depth),
        packSnorm2x16(fold(normal)),
        packUnorm4x8(vec4(sqrt(albedo), 0.0)));
}
