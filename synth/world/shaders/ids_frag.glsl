in vec3 v_normal;
in vec2 v_uv;
in float v_depth;
flat in float v_part;

uniform float u_instance;
#ifdef ALPHA_TEST
uniform sampler2D u_albedo;
#endif

layout(location = 0) out vec4 out_normal_depth;
layout(location = 1) out float out_id;  // instance + 65536 part: exact in a float32

void main() {
#ifdef ALPHA_TEST
    if (texture(u_albedo, v_uv).a < 0.5) discard;
#endif
    vec3 normal = normalize(v_normal);
#ifndef ALPHA_TEST
    normal = gl_FrontFacing ? normal : -normal;
#endif
    out_normal_depth = vec4(normal, v_depth);
    out_id = u_instance + 65536.0 * v_part;
}
