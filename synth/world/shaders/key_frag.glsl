// Whose each of a pixel's samples is: what smooth edges are made from.
flat in float v_part;
#ifdef ALPHA_TEST
in vec2 v_uv;
uniform sampler2D u_albedo;
#endif

uniform uint u_thing;

layout(location = 0) out uint out_key;

void main() {
#ifdef ALPHA_TEST
    if (texture(u_albedo, v_uv, -0.5).a < 0.5) discard;
#endif
    out_key = u_thing | uint(v_part) << 16;
}
